// Clients and servers in Go, for tests of `weir serve` among peers that others have written: those of Go's own
// net/http, and of gRPC with its catalogue of interoperability tests.
//
//	go_peers http-server             serves HTTP/1.1 and h2c on one port
//	go_peers http-client URL CA      makes requests of all kinds
//	go_peers grpc-server             serves the catalogue's service
//	go_peers grpc-client ADDRESS     runs the catalogue against it
//
// A server prints its port, and serves until its standard input ends. A client prints a line for each thing that it
// has seen, and ends with 1 if it saw anything else.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	commands := map[string]func(arguments []string) error{
		"http-server": func([]string) error { return serveHTTP(listen()) },
		"http-client": func(arguments []string) error { return requestHTTP(arguments[0], arguments[1]) },
		"grpc-server": func([]string) error { return serveGRPC(listen()) },
		"grpc-client": func(arguments []string) error { return callGRPC(arguments[0]) },
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fail(fmt.Errorf("no such command"))
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "go_peers:", err)
	os.Exit(1)
}

// listen returns a socket whose port it prints. The process ends with its standard input.
func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return listener
}
