package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// worker is one Python process, whose peers all use the same number of threads; see peers/worker.py for the
// protocol.
type worker struct {
	threads  int
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Reader
	Versions map[string]string
}

// requestLimit is longer than the slowest request, which compiles with Numba.
const requestLimit = 5 * time.Minute

// startWorker starts a worker in the environment that setupPeers has built.
func startWorker(env *peerEnv, threads int) (*worker, error) {
	cmd := exec.Command(env.python, env.worker)
	t := strconv.Itoa(threads)
	cmd.Env = append(os.Environ(),
		"LANES_BENCH_THREADS="+t, "LANES_BENCH_LOOPS="+env.loops,
		"LD_LIBRARY_PATH="+env.lib, // libsvml.so
		"OMP_NUM_THREADS="+t, "NUMBA_NUM_THREADS="+t, "NUMEXPR_NUM_THREADS="+t, "NUMEXPR_MAX_THREADS="+t,
		"OPENBLAS_NUM_THREADS=1", "NUMBA_THREADING_LAYER=omp", "NUMBA_CACHE_DIR=", "JAX_PLATFORMS=cpu",
		// Idle OpenMP threads spin between the calls of a sample, which is the fastest, and sleep soon after
		// it.
		"GOMP_SPINCOUNT=30000", "KMP_BLOCKTIME=0",
	)
	cmd.Stderr = &tail{}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("peers: %w", err)
	}
	w := &worker{threads: threads, cmd: cmd, in: in, out: bufio.NewReader(out)}
	var hello struct {
		Versions map[string]string
		SVML     bool
	}
	if err := w.ask(&hello, request{Op: "hello"}); err != nil {
		return nil, errors.Join(err, w.close())
	}
	if !hello.SVML {
		return nil, errors.Join(errors.New("peers: Numba does not find SVML"), w.close())
	}
	w.Versions = hello.Versions
	return w, nil
}

// request is one line to the worker.
type request struct {
	Op   string    `json:"op"`
	Case *peerCase `json:"case,omitempty"`
	N    int       `json:"n,omitempty"`
	Peer string    `json:"peer,omitempty"`
	Reps int       `json:"reps,omitempty"`
	Step int       `json:"step,omitempty"`
}

// ask sends a request and decodes its answer into reply.
func (w *worker) ask(reply any, r request) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	watch := time.AfterFunc(requestLimit, func() { w.cmd.Process.Kill() })
	defer watch.Stop()
	_, err = w.in.Write(append(line, '\n'))
	if err == nil {
		line, err = w.out.ReadBytes('\n')
	}
	if err != nil {
		return fmt.Errorf("peers: the worker for %d threads ended at %q: %w\n%s", w.threads, r.Op, err,
			w.cmd.Stderr)
	}
	var failed struct{ Error, Trace string }
	if err := json.Unmarshal(line, &failed); err != nil {
		return fmt.Errorf("peers: answer %.200q: %w", line, err)
	}
	if failed.Error != "" {
		return fmt.Errorf("peers: %s: %s", r.Op, strings.TrimSpace(failed.Error+"\n"+failed.Trace))
	}
	return json.Unmarshal(line, reply)
}

func (w *worker) close() error {
	w.in.Close()
	err := w.cmd.Wait()
	if err != nil {
		return fmt.Errorf("peers: worker: %w\n%s", err, w.cmd.Stderr)
	}
	return nil
}

// contenders prepares a case and returns the peers that can run it, and why the others cannot.
func (w *worker) contenders(d *Data) ([]Contender, map[string]string, error) {
	var reply struct {
		Peers []struct{ Name, Error string }
	}
	c := d.Case.peer(d.DType)
	if err := w.ask(&reply, request{Op: "prepare", Case: &c, N: d.N}); err != nil {
		return nil, nil, err
	}
	var list []Contender
	failed := map[string]string{}
	for _, p := range reply.Peers {
		if p.Error != "" {
			failed[p.Name] = p.Error
			continue
		}
		list = append(list, Contender{Name: p.Name,
			Sample: func(reps int) (time.Duration, error) {
				var s struct{ NS float64 }
				err := w.ask(&s, request{Op: "sample", Peer: p.Name, Reps: reps})
				return time.Duration(s.NS), err
			},
			Output: func(step int) ([]float64, error) {
				var o struct{ DType, Data string }
				if err := w.ask(&o, request{Op: "output", Peer: p.Name, Step: step}); err != nil {
					return nil, err
				}
				return decode(o.DType, o.Data)
			},
		})
	}
	return list, failed, nil
}

// decode reads little-endian elements of a NumPy dtype from base64.
func decode(dtype, data string) ([]float64, error) {
	b, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return nil, fmt.Errorf("peers: output: %w", err)
	}
	size := map[string]int{"f8": 8, "f4": 4, "i8": 8, "i4": 4, "b1": 1}[dtype]
	if size == 0 {
		return nil, fmt.Errorf("peers: output of dtype %q", dtype)
	}
	r := make([]float64, len(b)/size)
	for i := range r {
		e := b[i*size:]
		switch dtype {
		case "f8":
			r[i] = math.Float64frombits(binary.LittleEndian.Uint64(e))
		case "f4":
			r[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(e)))
		case "i8":
			r[i] = float64(int64(binary.LittleEndian.Uint64(e)))
		case "i4":
			r[i] = float64(int32(binary.LittleEndian.Uint32(e)))
		case "b1":
			r[i] = float64(e[0])
		}
	}
	return r, nil
}

// tail keeps the last 4 KiB that were written to it.
type tail struct{ bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	n, err := t.Buffer.Write(p)
	if extra := t.Len() - 4096; extra > 0 {
		t.Next(extra)
	}
	return n, err
}
