package main

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/lanes-go/lanes/parallel"
)

// withProgress returns a context whose work shows a progress bar on w, if w is a terminal and the work takes longer than
// patience. The caller calls done after the work; it removes the bar.
func withProgress(ctx context.Context, w io.Writer) (_ context.Context, done func()) {
	const patience = time.Second
	if !isTerminal(w) {
		return ctx, func() {}
	}
	var bar *progressbar.ProgressBar
	start, most := time.Now(), 0
	ctx = parallel.WithProgress(ctx, func(now, total int) {
		if now <= most || time.Since(start) < patience {
			return
		}
		if bar == nil {
			bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(w), progressbar.OptionClearOnFinish(),
				progressbar.OptionThrottle(100*time.Millisecond))
		}
		most = now
		_ = bar.Set(now) // a bar that cannot be drawn is no reason to stop
	})
	return ctx, func() {
		if bar != nil {
			_ = bar.Clear()
		}
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
