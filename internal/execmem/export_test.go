package execmem

// TryAt is the probe's trial call, of any address.
func TryAt(entry uintptr) error { return try(&Code{entry: entry}) }
