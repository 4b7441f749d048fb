package expr

import (
	"errors"
	"math/big"

	"github.com/lanes-go/lanes/kernels"
)

// Weak integers, literals and Go ints, compute exactly and must fit int64; whatever would wrap is an
// error. One table serves constants, when a program is compiled, and Go ints, when it runs.

var (
	errIntRange    = errors.New("the value does not fit int64")
	errIntNegPower = errors.New("an integer to a negative power is no integer")
)

const (
	hintNegPower  = "convert the base first, as in float64(x) ** y"
	hintWeakRange = "write floats, or convert first"
)

// weakIntOps are the operations whose result is a weak integer.
var weakIntOps = byFunc(map[string]func(x, y *big.Int) (*big.Int, error){
	"add":          func(x, y *big.Int) (*big.Int, error) { return new(big.Int).Add(x, y), nil },
	"subtract":     func(x, y *big.Int) (*big.Int, error) { return new(big.Int).Sub(x, y), nil },
	"multiply":     func(x, y *big.Int) (*big.Int, error) { return new(big.Int).Mul(x, y), nil },
	"negative":     func(x, _ *big.Int) (*big.Int, error) { return new(big.Int).Neg(x), nil },
	"positive":     func(x, _ *big.Int) (*big.Int, error) { return x, nil },
	"abs":          func(x, _ *big.Int) (*big.Int, error) { return new(big.Int).Abs(x), nil },
	"square":       func(x, _ *big.Int) (*big.Int, error) { return new(big.Int).Mul(x, x), nil },
	"floor_divide": func(x, y *big.Int) (*big.Int, error) { return floorDiv(x, y, 0), nil },
	"remainder":    func(x, y *big.Int) (*big.Int, error) { return floorDiv(x, y, 1), nil },
	"power":        weakPower,
	"bitwise_and":  func(x, y *big.Int) (*big.Int, error) { return new(big.Int).And(x, y), nil },
	"bitwise_or":   func(x, y *big.Int) (*big.Int, error) { return new(big.Int).Or(x, y), nil },
	"bitwise_xor":  func(x, y *big.Int) (*big.Int, error) { return new(big.Int).Xor(x, y), nil },
	"bitwise_not":  func(x, _ *big.Int) (*big.Int, error) { return new(big.Int).Not(x), nil },
	"left_shift":   weakShl,
	"right_shift":  weakShr,
	"minimum":      func(x, y *big.Int) (*big.Int, error) { return pick(x.Cmp(y) <= 0, x, y), nil },
	"maximum":      func(x, y *big.Int) (*big.Int, error) { return pick(x.Cmp(y) >= 0, x, y), nil },
})

func byFunc[T any](ops map[string]T) map[*kernels.Func]T {
	m := map[*kernels.Func]T{}
	for name, op := range ops {
		if f := kernels.Lookup(name); f != nil {
			m[f] = op
		}
	}
	return m
}

func pick(c bool, x, y *big.Int) *big.Int {
	if c {
		return x
	}
	return y
}

// floorDiv returns the floored quotient or the remainder with the sign of y; both are 0 for y = 0.
func floorDiv(x, y *big.Int, which int) *big.Int {
	q, r := new(big.Int), new(big.Int)
	if y.Sign() == 0 {
		return q
	}
	q.QuoRem(x, y, r)
	if r.Sign() != 0 && r.Sign() != y.Sign() {
		q.Sub(q, big.NewInt(1))
		r.Add(r, y)
	}
	return [2]*big.Int{q, r}[which]
}

func weakPower(x, y *big.Int) (*big.Int, error) {
	switch {
	case y.Sign() < 0:
		return nil, errIntNegPower
	case x.BitLen() <= 1 && y.Sign() > 0: // -1, 0, 1: only the parity of y counts
		y = big.NewInt(2 - int64(y.Bit(0)))
	case y.BitLen() > 7:
		return nil, errIntRange
	}
	return new(big.Int).Exp(x, y, nil), nil
}

func weakShl(x, y *big.Int) (*big.Int, error) {
	switch {
	case y.Sign() < 0 || x.Sign() == 0:
		return new(big.Int), nil
	case y.BitLen() > 7:
		return nil, errIntRange
	}
	return new(big.Int).Lsh(x, uint(y.Uint64())), nil
}

func weakShr(x, y *big.Int) (*big.Int, error) {
	if y.Sign() < 0 || y.BitLen() > 9 {
		return new(big.Int).Rsh(x, 512), nil
	}
	return new(big.Int).Rsh(x, uint(y.Uint64())), nil
}

// weakInt applies fn to integers; unary functions ignore y. ok is false if fn is none of the operations
// above. The negative of a literal may be any integer, so that -9223372036854775808 can be written.
func weakInt(fn *kernels.Func, x, y *big.Int) (z *big.Int, ok bool, err error) {
	op := weakIntOps[fn]
	if op == nil {
		return nil, false, nil
	}
	z, err = op(x, y)
	if err == nil && !z.IsInt64() && fn.MaxArgs > 1 {
		err = errIntRange
	}
	return z, true, err
}
