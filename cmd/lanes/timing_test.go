package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestMeasure(t *testing.T) {
	calls := 0
	var m timing
	err := m.measure(func() error {
		calls++
		time.Sleep(200 * time.Microsecond)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if m.MinNS < 200e3 || m.MinNS > m.MedianNS || m.Runs < minRuns || m.Runs*m.Loops > calls {
		t.Errorf("%+v after %d calls", m, calls)
	}
	broken := errors.New("broken")
	if err := m.measure(func() error { return broken }); err != broken {
		t.Errorf("error %v", err)
	}
}

func TestTimingText(t *testing.T) {
	m := timing{MinNS: 2000, MedianNS: 2.5e6, Runs: 7, Loops: 10, Engine: "portable", Threads: 2}
	m.setWork(1000, 16000)
	var b strings.Builder
	if err := m.print(&b); err != nil {
		t.Fatal(err)
	}
	want := "2 µs per run at best, 2.5 ms median (7 runs of 10 loops); 2 ns per element, 8 GB/s, 1000 elements, " +
		"engine portable, threads 2\n"
	if b.String() != want {
		t.Errorf("got %s, want %s", b.String(), want)
	}
	for ns, want := range map[float64]string{0.5: "0.5 ns", 999: "999 ns", 1234: "1.23 µs", 5.6e9: "5.6 s"} {
		if got := duration(ns); got != want {
			t.Errorf("%v: %s, want %s", ns, got, want)
		}
	}
}
