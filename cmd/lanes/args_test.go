package main

import (
	"slices"
	"strings"
	"testing"
)

func TestNormalise(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", ""},
		{"help", "help"},
		{"-h", "-h"},
		{"eval x", "eval -- x"},
		{"eval x -threads 2 x=3", "eval --threads=2 -- x x=3"},
		{"eval --threads=2 x", "eval --threads=2 -- x"},
		{"eval -threads=2 x", "eval --threads=2 -- x"},
		{"eval -engine avx2 -time -json x x=1", "eval --engine=avx2 --time --json -- x x=1"},
		{"eval -o out.npy -f in.expr x=1", "eval --output=out.npy --file=in.expr -- x=1"},
		{"eval -f - x=1", "eval --file=- -- x=1"},
		{"eval -output=a=b x", "eval --output=a=b -- x"},
		{"eval -threads -3 x", "eval --threads=-3 -- x"},
		{"eval -2*x x=-1", "eval -- -2*x x=-1"},
		{"eval -x x=1", "eval --x -- x=1"},
		{"eval -- -x x=1 -time", "eval -- -x x=1 -time"},
		{"eval x -threads", "eval --threads"},
		{"eval -none x", "eval --none -- x"},
		{"info -json", "info --json --"},
		{"eval -help", "eval --help --"},
	} {
		got := normalise(newCommand(), strings.Fields(c.args))
		if !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%s: got %s, want %s", c.args, strings.Join(got, " "), c.want)
		}
	}
}
