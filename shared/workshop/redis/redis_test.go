package redis_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"

	"thinker/shared/workshop/redis"
)

// TestRedis_AcceptsIdentity sends what go-redis sends on each new connection. An error
// would be a red span in the first trace of a learner's own cache.
func TestRedis_AcceptsIdentity(t *testing.T) {
	server, err := redis.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	connection, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	responses := bufio.NewReader(connection)
	for command, want := range map[string]string{
		"CLIENT SETINFO LIB-NAME go-redis": "+OK\r\n",
		"client setinfo LIB-VER 9":         "+OK\r\n",
		"CLIENT MAINT_NOTIFICATIONS ON":    "+OK\r\n",
		"CLIENT NONSENSE":                  "-ERR unknown subcommand 'NONSENSE'. Try CLIENT HELP.\r\n",
	} {
		words := strings.Fields(command)
		fmt.Fprintf(connection, "*%d\r\n", len(words)) // an error shows when reading
		for _, word := range words {
			fmt.Fprintf(connection, "$%d\r\n%s\r\n", len(word), word)
		}
		if got, err := responses.ReadString('\n'); err != nil || got != want {
			t.Errorf("%s returns %q, %v, want %q", command, got, err, want)
		}
	}
}
