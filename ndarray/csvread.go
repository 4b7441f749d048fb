package ndarray

import (
	"bytes"
	"io"
)

// csvReader cuts text into records and these into cells.
type csvReader struct {
	r     io.Reader
	file  string
	max   int       // bytes of a record
	comma byte      // between cells
	ends  [256]bool // bytes at which a cell without quotes ends, or goes wrong
	buf   []byte
	at    int // buf[at:end] is read and not cut yet
	end   int
	eof   bool

	line, nextLine int // of the record, and after it
	cells          []csvCell
	unescaped      []byte
}

// csvCell is where a cell of the record lies in buf.
type csvCell struct {
	start, end int
	quoted     bool
	escapes    bool // "" in it is a quote
}

func newCSVReader(r io.Reader, o CSVOptions) *csvReader {
	c := &csvReader{r: r, file: o.File, max: o.MaxRecord, comma: o.Comma, nextLine: 1}
	if c.max <= 0 {
		c.max = 1 << 20
	}
	if c.comma == 0 {
		c.comma = ','
	}
	c.buf = make([]byte, min(c.max, 1<<16))
	for _, b := range []byte{c.comma, '\n', '"'} {
		c.ends[b] = true
	}
	return c
}

// fill reads text behind what is not cut yet until buf is full, so that a record is cut again only
// after buf has doubled.
func (c *csvReader) fill() error {
	if c.at > 0 {
		copy(c.buf, c.buf[c.at:c.end])
		c.at, c.end = 0, c.end-c.at
	}
	if c.end == len(c.buf) {
		if c.end >= c.max {
			return c.fail(0, ErrSize, "a record of more than %d bytes; is a quote not closed?", c.max)
		}
		c.buf = append(c.buf, make([]byte, min(c.end, c.max-c.end))...)
	}
	n, err := io.ReadFull(c.r, c.buf[c.end:])
	c.end += n
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		c.eof = true
		return nil
	}
	return err
}

// skipBOM skips the byte order mark that some programs put before UTF-8.
func (c *csvReader) skipBOM() error {
	const mark = "\ufeff"
	if err := c.fill(); err != nil {
		return err
	}
	if bytes.HasPrefix(c.buf[:c.end], []byte(mark)) {
		c.at = len(mark)
	}
	return nil
}

// next cuts the next record that is not a blank line into cells. It returns false at the end.
func (c *csvReader) next() (bool, error) {
	for {
		c.line = c.nextLine
		n, done, err := c.cut(c.buf[c.at:c.end])
		if err != nil {
			return false, err
		}
		if !done {
			if err := c.fill(); err != nil {
				return false, err
			}
			continue
		}
		if n == 0 {
			return false, nil
		}
		for i := range c.cells {
			c.cells[i].start += c.at
			c.cells[i].end += c.at
		}
		if c.at += n; len(c.cells) > 1 || c.cells[0].quoted || c.cells[0].start < c.cells[0].end {
			return true, nil
		}
	}
}

// cut cuts the record at the start of text into cells and returns its length with the line end, or
// false if there is no line end yet.
func (c *csvReader) cut(text []byte) (n int, done bool, err error) {
	c.cells, c.nextLine = c.cells[:0], c.line
	for i := 0; ; {
		for i < len(text) && c.blank(text[i]) {
			i++
		}
		cell := csvCell{start: i}
		if i < len(text) && text[i] == '"' {
			if cell, i, err = c.cutQuoted(text, i+1); err != nil {
				return 0, false, err
			}
		} else {
			for i < len(text) && !c.ends[text[i]] {
				i++
			}
			for cell.end = i; cell.end > cell.start && c.blank(text[cell.end-1]); {
				cell.end--
			}
		}
		if i == len(text) && !c.eof {
			return 0, false, nil
		}
		if i == 0 && i == len(text) {
			return 0, true, nil // the end of the file
		}
		c.cells = append(c.cells, cell)
		if i == len(text) {
			return i, true, nil
		}
		switch i++; text[i-1] {
		case c.comma:
		case '\n':
			c.nextLine++
			return i, true, nil
		default:
			return 0, false, c.fail(len(c.cells), ErrFormat, "a quote inside a cell that does not begin with one")
		}
	}
}

// blank reports whether b is white space around cells; the carriage return belongs to a line end.
func (c *csvReader) blank(b byte) bool {
	return b == ' ' || b == '\r' || b == '\t' && c.comma != '\t'
}

// cutQuoted cuts a cell whose text begins at i, behind a quote. It returns where the cell ends in
// text, which is its length if more text is needed.
func (c *csvReader) cutQuoted(text []byte, i int) (cell csvCell, end int, err error) {
	cell = csvCell{start: i, quoted: true}
	for ; i < len(text); i++ {
		if text[i] == '\n' {
			c.nextLine++
		}
		if text[i] != '"' {
			continue
		}
		if i+1 < len(text) && text[i+1] == '"' {
			cell.escapes = true
			i++
			continue
		}
		cell.end = i
		for i++; i < len(text) && c.blank(text[i]); {
			i++
		}
		if i < len(text) && text[i] != c.comma && text[i] != '\n' {
			return cell, i, c.fail(len(c.cells)+1, ErrFormat, "text behind the closing quote of a cell")
		}
		return cell, i, nil
	}
	if c.eof {
		return cell, i, c.fail(len(c.cells)+1, ErrFormat, "a quote that is not closed")
	}
	return cell, i, nil
}

// cell returns the text of a cell of the record. It is valid until the next call.
func (c *csvReader) cell(i int) []byte {
	cell := c.cells[i]
	text := c.buf[cell.start:cell.end]
	if cell.escapes {
		c.unescaped = append(c.unescaped[:0], bytes.ReplaceAll(text, []byte(`""`), []byte(`"`))...)
		return c.unescaped
	}
	return text
}
