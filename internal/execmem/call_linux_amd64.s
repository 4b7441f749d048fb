//go:build !purego

#include "funcdata.h"
#include "textflag.h"

// func Call(entry uintptr, args unsafe.Pointer)
//
// The CALL leaves a Go return address on the stack, so tracebacks from a fault in the code are correct. ABI0
// has no callee-saved registers: the ABI wrapper around this function reloads g (R14) and the zero register
// (X15).
//
// It is not NOSPLIT for the stack check's other duty: it is where the goroutine yields when asked to. A
// signal that asks finds a loop around Call in the code, where it has no effect, nearly always.
TEXT ·Call(SB), $0-16
	NO_LOCAL_POINTERS
	MOVQ entry+0(FP), AX
	MOVQ args+8(FP), DI
	CALL AX
	RET

// func VZeroUpper()
TEXT ·VZeroUpper(SB), NOSPLIT, $0-0
	VZEROUPPER
	RET
