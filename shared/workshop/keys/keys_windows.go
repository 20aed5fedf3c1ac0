package keys

import (
	"os"

	"golang.org/x/sys/windows"
)

// listen makes a console report single keys until restore is called.
func listen(fd int, _ <-chan struct{}) (read func() (string, error), restore func()) {
	console := windows.Handle(fd)
	var before uint32
	if err := windows.GetConsoleMode(console, &before); err == nil {
		_ = windows.SetConsoleMode(console,
			before&^(windows.ENABLE_LINE_INPUT|windows.ENABLE_ECHO_INPUT)) // else there are lines
		restore = func() { _ = windows.SetConsoleMode(console, before) }
	} else {
		restore = func() {}
	}
	buffer := make([]byte, 4096)
	return func() (string, error) {
		n, err := os.Stdin.Read(buffer)
		return string(buffer[:n]), err
	}, restore
}
