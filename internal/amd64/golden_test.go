package amd64

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata, after checking it with GNU as and objdump")

// goldenGroups are the files of testdata and the first opcode of each.
var goldenGroups = []struct {
	file  string
	first Op
}{
	{"moves.txt", VMOVUPS}, {"float.txt", VADDPS}, {"int.txt", VPADDB}, {"compare.txt", VPCMPEQB},
	{"convert.txt", VPMOVSXBW}, {"shuffle.txt", VPACKSSWB}, {"opmask.txt", KMOVB}, {"general.txt", MOV},
	{"", JMP},
}

// goldenRow is an instruction, its text for GNU as and its bytes.
type goldenRow struct {
	text string
	code []byte
}

func goldenRows(t *testing.T, first, end Op) []goldenRow {
	t.Helper()
	pool := make([]byte, 256)
	var rows []goldenRow
	for op := first; op < end; op++ {
		for _, in := range goldenCases(op) {
			e := encoder{level: AVX512, poolLen: len(pool)}
			if msg := e.inst(&in); msg != "" {
				t.Fatalf("%s: %s", in, msg)
			}
			code, err := Assemble([]Inst{in}, pool, AVX512)
			if err != nil {
				t.Fatal(err)
			}
			code = code[:len(e.b)]
			for i := range in.A { // the pool begins 64 bytes behind the instruction's first byte
				if in.A[i].Kind == Mem && in.A[i].Base == RIP {
					in.A[i].Disp += int32(64 - len(code))
				}
			}
			rows = append(rows, goldenRow{in.String(), code})
		}
	}
	return rows
}

// TestGolden compares the encoder with the committed rows, which GNU as confirmed.
func TestGolden(t *testing.T) {
	for i, g := range goldenGroups[:len(goldenGroups)-1] {
		rows := goldenRows(t, g.first, goldenGroups[i+1].first)
		var b bytes.Buffer
		for _, r := range rows {
			fmt.Fprintf(&b, "%s ; %x\n", r.text, r.code)
		}
		path := filepath.Join("testdata", g.file)
		if *update {
			checkWithAs(t, rows)
			if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(want, b.Bytes()) {
			continue
		}
		got := strings.Split(b.String(), "\n")
		for j, w := range strings.Split(string(want), "\n") {
			if j >= len(got) || got[j] != w {
				t.Errorf("%s:%d: got %q, want %q", g.file, j+1, got[min(j, len(got)-1)], w)
				break
			}
		}
	}
}

// TestGoldenFresh derives the committed rows again: GNU as assembles the text, and what it gives must be the
// row's bytes or disassemble to the same text.
func TestGoldenFresh(t *testing.T) {
	for _, g := range goldenGroups[:len(goldenGroups)-1] {
		data, err := os.ReadFile(filepath.Join("testdata", g.file))
		if err != nil {
			t.Fatal(err)
		}
		var rows []goldenRow
		for line := range strings.Lines(string(data)) {
			text, digits, _ := strings.Cut(strings.TrimSpace(line), " ; ")
			code, err := hex.DecodeString(digits)
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, goldenRow{text, code})
		}
		checkWithAs(t, rows)
	}
}

// checkWithAs compares the bytes of rows with what GNU as makes of their text.
func checkWithAs(t *testing.T, rows []goldenRow) {
	t.Helper()
	for _, tool := range []string{"as", "objdump"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s here", tool)
		}
	}
	var text, data strings.Builder
	text.WriteString(".intel_syntax noprefix\n")
	for _, r := range rows {
		text.WriteString(r.text + "\n")
		for i, c := range r.code {
			if i == 0 {
				data.WriteString(".byte ")
			} else {
				data.WriteByte(',')
			}
			fmt.Fprintf(&data, "0x%02x", c)
		}
		data.WriteByte('\n')
	}
	want, got := disassemble(t, text.String()), disassemble(t, data.String())
	if len(want) != len(rows) || len(got) != len(rows) {
		t.Fatalf("%d rows, %d instructions from text, %d from bytes", len(rows), len(want), len(got))
	}
	bad := 0
	for i, r := range rows {
		if got[i].text != want[i].text || !bytes.Equal(got[i].code, r.code) {
			if bad++; bad <= 20 {
				t.Errorf("%s: got % x (%s), as gives % x (%s)",
					r.text, r.code, got[i].text, want[i].code, want[i].text)
			}
		}
	}
	if bad > 20 {
		t.Errorf("and %d more", bad-20)
	}
}

// A spelling of the same instruction by another of its encodings, which objdump marks.
var otherEncoding = regexp.MustCompile(`\.s\b|\{evex\} |\{vex\} `)

// disassemble assembles text and lists the result, one row per instruction.
func disassemble(t *testing.T, text string) []goldenRow {
	t.Helper()
	dir := t.TempDir()
	src, obj := filepath.Join(dir, "x.s"), filepath.Join(dir, "x.o")
	if err := os.WriteFile(src, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("as", "-o", obj, src).CombinedOutput(); err != nil {
		t.Fatalf("as: %v\n%.2000s", err, out)
	}
	out, err := exec.Command("objdump", "-d", "-w", "-M", "intel", "--insn-width=16", obj).Output()
	if err != nil {
		t.Fatalf("objdump: %v", err)
	}
	var rows []goldenRow
	for line := range strings.Lines(string(out)) {
		parts := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(parts) < 3 {
			continue
		}
		code, err := hex.DecodeString(strings.ReplaceAll(parts[1], " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		instr, _, _ := strings.Cut(parts[2], "#") // the address rip-relative operands resolve to
		rows = append(rows, goldenRow{otherEncoding.ReplaceAllString(strings.TrimSpace(instr), ""), code})
	}
	return rows
}
