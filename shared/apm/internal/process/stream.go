package process

import (
	"bufio"
	"fmt"
	"net"
	"strings"
)

// A Stream is an event stream that is open. Whoever doesn't read from it leaves
// its events to the system's buffers, and then to apm.
type Stream struct {
	*bufio.Reader
	conn net.Conn
}

// Stream opens an event stream and waits until apm has subscribed to what it is
// about. It is closed when the test ends.
func (a *APM) Stream(path string) Stream {
	a.TB.Helper()
	conn, err := net.Dial("tcp", a.Addr())
	if err != nil {
		a.TB.Fatal(err)
	}
	a.TB.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, a.Addr()); err != nil {
		a.TB.Fatal(err)
	}
	s := Stream{bufio.NewReaderSize(conn, 32<<10), conn}
	for line := ""; !strings.HasPrefix(line, ": open"); {
		if line, err = s.ReadString('\n'); err != nil {
			a.TB.Fatalf("open %s: %v", path, err)
		}
	}
	return s
}

// Close closes the stream.
func (s Stream) Close() { _ = s.conn.Close() }
