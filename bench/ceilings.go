package main

func measureCeilings(sizes, threads []int, e Effort) (Ceilings, error) { return Ceilings{}, nil }
