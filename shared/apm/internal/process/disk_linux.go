package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// SmallDisk runs a test in a separate process, with a directory on a disk of size
// bytes. Mounting it needs root, a user namespace, or sudo. Without them, SmallDisk skips
// the test, but fails it in CI.
func SmallDisk(t *testing.T, size int, test func(t *testing.T, dir string)) {
	t.Helper()
	if dir := os.Getenv("SMALL_DISK"); dir != "" {
		if err := syscall.Mount("none", dir, "tmpfs", 0, fmt.Sprint("size=", size)); err != nil {
			t.Fatalf("cannot mount: %v", err)
		}
		test(t, dir)
		return
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := "SMALL_DISK=" + t.TempDir()
	args := []string{program, "-test.v", "-test.run", "^" + t.Name() + "$"}
	sudo := append([]string{"sudo", "-n", "unshare", "--mount", "env", dir}, args...)
	userNamespace := &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	var reasons []string
	for _, attempt := range []struct {
		args []string
		as   *syscall.SysProcAttr
	}{{args, &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}}, {args, userNamespace}, {sudo, nil}} {
		cmd := exec.Command(attempt.args[0], attempt.args[1:]...)
		cmd.SysProcAttr, cmd.Env = attempt.as, append(os.Environ(), dir)
		output, err := cmd.CombinedOutput()
		if strings.Contains(string(output), "--- PASS: "+t.Name()) {
			return
		}
		if strings.Contains(string(output), "=== RUN   "+t.Name()) &&
			!strings.Contains(string(output), "cannot mount") {
			t.Fatalf("%v\n%s", err, output)
		}
		reasons = append(reasons, fmt.Sprintf("%v %s", err, output))
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("no small disk can be mounted: %q", reasons)
	}
	t.Skipf("no small disk can be mounted: %q", reasons)
}

// FillDisk writes a file that leaves about free bytes of its disk free.
func FillDisk(t *testing.T, path string, free int) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	size := int64(0)
	for zeros := make([]byte, 4096); err == nil; size += int64(len(zeros)) {
		_, err = file.Write(zeros)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := file.Truncate(max(0, size-4096-int64(free))); err != nil {
		t.Fatal(err)
	}
}
