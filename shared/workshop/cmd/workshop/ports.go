package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"thinker/shared/workshop/runner"
)

// checkPorts returns an error for the first port that is in use. It names the flag
// that chooses another one.
func checkPorts(ports runner.Ports) error {
	flags := map[int]string{}
	for _, p := range []struct {
		port int
		flag string
	}{{ports.API, "--api-port"}, {ports.Thinker, "--thinker-port"}, {ports.Agent, "--agent-port"}} {
		if other, double := flags[p.port]; double {
			return fmt.Errorf("%s and %s are both %d. Use a different port for each", other, p.flag, p.port)
		}
		flags[p.port] = p.flag
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
		why, stop := "", "Stop the program that uses it"
		switch {
		case p.port == 5000 && runtime.GOOS == "darwin":
			why, stop = " (on macOS, most likely by AirPlay Receiver)",
				"Turn that off in System Settings > General > AirDrop & Handoff"
		case p.port == 8126:
			why = " (perhaps by a Datadog Agent, or by this workshop in another terminal)"
		}
		return fmt.Errorf("port %d is already in use%s. %s, or choose another port: %s %d", p.port, why, stop, p.flag, free)
	}
	return nil
}

// checkPort returns an error for a number that is not a port.
func checkPort(flag string, port int) error {
	variable := strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(flag, "--"), "-", "_")) // --api-port is API_PORT
	if port == noPort && os.Getenv(variable) != "" {
		return fmt.Errorf("%s=%q is not a port. Use a number from 1 to 65535", variable, os.Getenv(variable))
	}
	if port < 1 || port > 65535 {
		return fmt.Errorf("%s %d is not a port. Use a number from 1 to 65535", flag, port)
	}
	return nil
}

// portFrom returns the port in a variable, or the usual one if it is not set.
func portFrom(variable string, usual int) int {
	if port, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return port
	} else if os.Getenv(variable) == "" {
		return usual
	}
	return noPort
}

// noPort stands for a variable that is not a number.
const noPort = -1
