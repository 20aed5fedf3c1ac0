package doctor

import (
	"bufio"
	"cmp"
	"fmt"
	"net"
	"strings"
	"time"
)

// redis checks that the Redis of the microservice responds.
func (e *examination) redis() {
	const name = "Redis"
	at, who := setting(e.Env, "REDIS_ADDR"), "this terminal"
	if e.thinkerProgram != nil && len(e.thinkerProgram.env) > 0 {
		at, who = setting(e.thinkerProgram.env, "REDIS_ADDR"), "thinker-microservice"
	}
	if at == "" {
		e.skip(name, "REDIS_ADDR isn't set. You don't need it: workshop up and docker-compose start a Redis for step 5.")
		return
	}
	if err := ping(at); err != nil {
		e.fail(name, "Start a Redis there, or unset REDIS_ADDR: workshop up then starts one. Until then, step 5 runs without its cache, and its traces show failed Redis commands.",
			"The Redis at %s (REDIS_ADDR of %s) does not respond: %v.", at, who, err)
		return
	}
	e.pass(name, "The Redis at %s responds.", at)
}

// ping sends the one command that needs no library.
func ping(at string) error {
	conn, err := net.DialTimeout("tcp", at, 2*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second)) // an error shows in the next call
	if _, err := fmt.Fprint(conn, "*1\r\n$4\r\nPING\r\n"); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if line = strings.TrimSpace(line); line != "+PONG" {
		return cmp.Or(err, fmt.Errorf("it sent %.60q", line))
	}
	return nil
}
