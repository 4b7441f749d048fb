package parallel

// Idle reports whether no call is in progress and no worker has a job or an offer.
func Idle() bool {
	if running.Load() != 0 {
		return false
	}
	if list := workers.Load(); list != nil {
		for _, w := range *list {
			if s := w.slot.Load(); s != nil && s != parked {
				return false
			}
		}
	}
	return true
}

// Workers is the number of workers ever started.
func Workers() int {
	if list := workers.Load(); list != nil {
		return len(*list)
	}
	return 0
}

var ErrGoexit = errGoexit

// ChunkSize is chunkSize for tests.
func ChunkSize(n, grain int, cyclesPerItem, cycles float64) int {
	return chunkSize(n, grain, cyclesPerItem, cycles)
}
