package doctor

import (
	"bufio"
	"cmp"
	"fmt"
	"net"
	"strings"
	"time"
)

// redis asks the Redis that the thinker uses, or would use, whether it is there.
func (e *examination) redis() {
	const name = "Redis"
	at, who := setting(e.Env, "REDIS_ADDR"), "REDIS_ADDR"
	if e.thinkerProgram != nil && len(e.thinkerProgram.env) > 0 {
		at, who = setting(e.thinkerProgram.env, "REDIS_ADDR"), "thinker-microservice"
	}
	if at == "" {
		e.unknown(name, "No REDIS_ADDR is set: step 5 gets a Redis of its own from workshop up, and from docker-compose.")
		return
	}
	if err := ping(at); err != nil {
		e.broken(name, "Start a Redis there, or unset REDIS_ADDR, and workshop up starts one. Until then step 5 answers slowly, and its traces show the command that failed.",
			"%s names a Redis at %s, which does not answer: %v.", who, at, err)
		return
	}
	e.holds(name, "The Redis at %s answers.", at)
}

// ping sends the one command that needs no library.
func ping(at string) error {
	conn, err := net.DialTimeout("tcp", at, 2*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second)) // where it fails, what follows does too
	if _, err := fmt.Fprint(conn, "*1\r\n$4\r\nPING\r\n"); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if line = strings.TrimSpace(line); line != "+PONG" {
		return cmp.Or(err, fmt.Errorf("it says %.60q", line))
	}
	return nil
}
