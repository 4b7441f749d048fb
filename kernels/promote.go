package kernels

import "strings"

// promotionTable is NumPy's table of dtype promotion (NEP 50), the upper triangle of a symmetric
// grid; the bf2 column and row are those of ml_dtypes, completed. A cell is the dtype that an
// operation of a row dtype with a column dtype computes in.
const promotionTable = `
      b1  i1  i2  i4  i8  u1  u2  u4  u8  f2 bf2  f4  f8  c8 c16
 b1   b1  i1  i2  i4  i8  u1  u2  u4  u8  f2 bf2  f4  f8  c8 c16
 i1       i1  i2  i4  i8  i2  i4  i8  f8  f2 bf2  f4  f8  c8 c16
 i2           i2  i4  i8  i2  i4  i8  f8  f4  f4  f4  f8  c8 c16
 i4               i4  i8  i4  i4  i8  f8  f8  f8  f8  f8 c16 c16
 i8                   i8  i8  i8  i8  f8  f8  f8  f8  f8 c16 c16
 u1                       u1  u2  u4  u8  f2 bf2  f4  f8  c8 c16
 u2                           u2  u4  u8  f4  f4  f4  f8  c8 c16
 u4                               u4  u8  f8  f8  f8  f8 c16 c16
 u8                                   u8  f8  f8  f8  f8 c16 c16
 f2                                       f2  f4  f4  f8  c8 c16
bf2                                          bf2  f4  f8  c8 c16
 f4                                               f4  f8  c8 c16
 f8                                                   f8 c16 c16
 c8                                                       c8 c16
c16                                                          c16
`

var promotions = parsePromotions(promotionTable)

func parsePromotions(text string) (grid [numDTypes][numDTypes]DType) {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	columns := strings.Fields(lines[0])
	if len(columns) != int(numDTypes)-1 || len(lines) != int(numDTypes) {
		panic("BUG: the promotion table misses a dtype")
	}
	for i, line := range lines[1:] {
		cells := strings.Fields(line)
		if len(cells) != len(columns)-i+1 || cells[0] != columns[i] {
			panic("BUG: the promotion table has a bad row " + cells[0])
		}
		row := mustDType(cells[0])
		for j, cell := range cells[1:] {
			column := mustDType(columns[i+j])
			grid[row][column] = mustDType(cell)
			grid[column][row] = grid[row][column]
		}
	}
	return grid
}

func mustDType(s string) DType {
	d, err := ParseDType(s)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return d
}

// Promote returns the dtype that an operation of a and b computes in, as NumPy's promotion does.
// It is symmetric, and Invalid if either is Invalid.
func Promote(a, b DType) DType {
	if a >= numDTypes || b >= numDTypes {
		return Invalid
	}
	return promotions[a][b]
}

// ResultType returns the common dtype of any number of operands, in whatever order they come.
// Pairwise promotion depends on the order for some triples (int16 with uint16 is int32, which
// with float32 is float64), so every integer is promoted with the widest float or complex operand
// first; the result of int16, uint16, float32 is float32. Without operands, or if one of
// them is Invalid, the result is Invalid.
func ResultType(ds ...DType) DType {
	inexact := Bool // the identity of promotion
	for _, d := range ds {
		if d.Kind() >= KindFloat {
			inexact = Promote(inexact, d)
		}
	}
	result := Invalid
	for i, d := range ds {
		if d = Promote(d, inexact); i == 0 {
			result = d
		} else {
			result = Promote(result, d)
		}
	}
	return result
}

// Casting says which conversions between dtypes an operation may do.
type Casting uint8

// The casting rules, strictest first.
const (
	Safe     Casting = iota // to the promoted dtype: int32 to float64
	SameKind                // within a kind, and up: float64 to float32, int64 to float32
	Unsafe                  // all
)

// CanCast reports whether elements of dtype from may be converted to dtype to under rule c. It
// looks at dtypes only, never at values.
func CanCast(from, to DType, c Casting) bool {
	if from.Kind() == KindInvalid || to.Kind() == KindInvalid {
		return false
	}
	switch c {
	case Safe:
		return Promote(from, to) == to
	case SameKind:
		return from.Kind() <= to.Kind()
	default:
		return true
	}
}
