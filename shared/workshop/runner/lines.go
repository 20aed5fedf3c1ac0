package runner

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strings"
)

// longestLine is how many bytes of a line are read into memory.
const longestLine = 8 << 10

// lines returns the lines that a program prints, without line breaks, until the output
// ends. A longer line is cut, and its end says so. It is returned before the rest has
// arrived, since it may never end.
func lines(output io.Reader) iter.Seq[string] {
	return func(yield func(string) bool) {
		reader := bufio.NewReaderSize(output, longestLine)
		for {
			read, err := reader.ReadSlice('\n')
			line := strings.TrimRight(string(read), "\r\n")
			cut := err == bufio.ErrBufferFull
			if cut {
				line = strings.ToValidUTF8(line, "") + fmt.Sprintf(" … (cut: the line is longer than %d KiB)", longestLine>>10)
			}
			if (line != "" || err == nil) && !yield(line) {
				return
			}
			if cut {
				for err == bufio.ErrBufferFull {
					_, err = reader.ReadSlice('\n')
				}
			}
			if err != nil {
				return
			}
		}
	}
}
