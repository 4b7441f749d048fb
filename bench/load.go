package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// loadMeter tells how busy other processes keep the machine, on Linux; elsewhere it sees nothing. Peers that
// wait for all their threads suffer most from it: a row with load is no verdict.
type loadMeter struct {
	pids  []int
	start time.Time
	spent float64
}

// manyPercent is the load from which a row is marked.
const manyPercent = 5

// newLoadMeter starts to measure everything but this process and pids.
func newLoadMeter(pids []int) *loadMeter {
	m := &loadMeter{pids: append(pids, os.Getpid()), start: time.Now()}
	m.spent = m.others()
	return m
}

// percent is the processor time that others took since the start, of all there was.
func (m *loadMeter) percent() float64 {
	seconds := time.Since(m.start).Seconds() * float64(runtime.NumCPU())
	return max(0, (m.others()-m.spent)/seconds*100)
}

// ticksPerSecond is the unit of /proc, the same on every Linux.
const ticksPerSecond = 100

// others is the processor time of all processes but ours, in seconds.
func (m *loadMeter) others() float64 {
	b, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(b), "\n")
	f := strings.Fields(line) // cpu user nice system idle iowait irq softirq steal
	if len(f) < 9 {
		return 0
	}
	sum := ticks(f[1], f[2], f[3], f[6], f[7], f[8])
	for _, pid := range m.pids {
		b, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		s := string(b)
		f := strings.Fields(s[strings.LastIndexByte(s, ')')+1:]) // state is field 0, utime 11, stime 12
		if len(f) > 12 {
			sum -= ticks(f[11], f[12])
		}
	}
	return sum / ticksPerSecond
}

func ticks(fields ...string) (sum float64) {
	for _, f := range fields {
		x, _ := strconv.ParseFloat(f, 64)
		sum += x
	}
	return sum
}
