package parallel

import (
	"context"
	"sync"
)

// WithProgress returns a context that makes [For] and [Map] call report from time to time with the number of
// items or tasks that are done. Calls of report are serialised, even among several Fors that share the
// context; within one For or Map done never decreases, and the last call of one that succeeds has done ==
// total. The calls come from the goroutines that do the work, so report should be quick; to limit output it
// may well ignore most calls. A task of Map receives a context without progress. A nil report turns progress
// off; ctx may be nil.
func WithProgress(ctx context.Context, report func(done, total int)) context.Context {
	if ctx == nil {
		ctx = context.Background()
	}
	return context.WithValue(ctx, progressKey{}, &progress{report: report})
}

type progressKey struct{}

type progress struct {
	mu     sync.Mutex
	report func(done, total int)
}

// progressOf returns what WithProgress put into ctx, or nil.
func progressOf(ctx context.Context) *progress {
	p, _ := ctx.Value(progressKey{}).(*progress)
	return p
}

// add adds items to *done, which p's mutex protects, and reports the sum. p may be nil.
func (p *progress) add(done *int, items, total int) {
	if p == nil || p.report == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	*done += items
	p.report(*done, total)
}
