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

// SmallDisk runs a test in a separate process that has a directory on a disk of
// so many bytes. That takes the right to mount one: root's, or that of a user in a
// namespace, or sudo's. Without any of these the test is skipped, but fails in CI.
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
	args := []string{"-test.v", "-test.run", "^" + t.Name() + "$"}
	dir := "SMALL_DISK=" + t.TempDir()
	asRoot, inNamespace := exec.Command(program, args...), exec.Command(program, args...)
	asRoot.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	inNamespace.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	bySudo := exec.Command("sudo", append([]string{"-n", "unshare", "--mount", "env", dir, program}, args...)...)
	var why []string
	for _, cmd := range []*exec.Cmd{asRoot, inNamespace, bySudo} {
		cmd.Env = append(os.Environ(), dir)
		output, err := cmd.CombinedOutput()
		if strings.Contains(string(output), "--- PASS: "+t.Name()) {
			return
		}
		if strings.Contains(string(output), "=== RUN   "+t.Name()) && !strings.Contains(string(output), "cannot mount") {
			t.Fatalf("%v\n%s", err, output)
		}
		why = append(why, fmt.Sprintf("%v %s", err, output))
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("no small disk can be mounted: %q", why)
	}
	t.Skipf("no small disk can be mounted: %q", why)
}

// FillDisk writes a file that leaves about so many bytes of its disk free.
func FillDisk(t *testing.T, ballast string, leave int) {
	t.Helper()
	file, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	size := int64(0)
	for zeros := make([]byte, 4096); err == nil; size += int64(len(zeros)) {
		_, err = file.Write(zeros)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := file.Truncate(max(0, size-4096-int64(leave))); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}
