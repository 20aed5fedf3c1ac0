package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"thinker/shared/workshop/runner"
)

// checkPorts returns an error that names the first port that is taken, who asks
// for it, and the flag that moves it.
func checkPorts(ports runner.Ports) error {
	asker := map[int]string{}
	for _, p := range []struct {
		port      int
		who, flag string
	}{
		{ports.API, "thinker-api", "--api-port"},
		{ports.Thinker, "thinker-microservice", "--thinker-port"},
		{ports.Agent, "the agent", "--agent-port"},
	} {
		if other, double := asker[p.port]; double {
			return fmt.Errorf("%s and %s are both %d: give each its own port", other, p.flag, p.port)
		}
		asker[p.port] = p.flag
		if err := checkPort(p.flag, p.port); err != nil {
			return err
		}
		if !runner.Taken(p.port) {
			continue
		}
		free := p.port + 50
		if free > 65535 {
			free = p.port - 50
		}
		hint := ""
		switch {
		case p.port == 5000 && runtime.GOOS == "darwin":
			hint = " (on macOS it is AirPlay Receiver that holds 5000: System Settings, General, AirDrop & Handoff)"
		case p.port == 8126:
			hint = " (a Datadog Agent, or this workshop in another terminal, also uses 8126)"
		}
		return fmt.Errorf("%s asks for port %d, which another program holds%s: stop that one, or choose another port, such as %s %d",
			p.who, p.port, hint, p.flag, free)
	}
	return nil
}

// checkPort refuses what is no port.
func checkPort(flag string, port int) error {
	variable := strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(flag, "--"), "-", "_")) // --api-port is API_PORT
	if port == noPort && os.Getenv(variable) != "" {
		return fmt.Errorf("%s=%q is not a port: choose one of 1 to 65535", variable, os.Getenv(variable))
	}
	if port < 1 || port > 65535 {
		return fmt.Errorf("%s %d is not a port: choose one of 1 to 65535", flag, port)
	}
	return nil
}

// portFrom is the port that a variable says, or else the usual one.
func portFrom(variable string, usual int) int {
	if port, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return port
	} else if os.Getenv(variable) == "" {
		return usual
	}
	return noPort
}

// noPort stands for what a variable says that is no number.
const noPort = -1
