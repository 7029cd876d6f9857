// A control plane for tests: serves listeners and extension configurations to one Envoy by
// go-control-plane, and tells what Envoy answers.
//
// Each line of standard input is a JSON object that replaces everything served:
//
//	{"version": "2", "listeners": [...], "extensions": [...]}
//
// Resources are in protobuf's JSON. Each line of standard output is a JSON object: first
// {"port": N}, then for every answer {"type": "...", "version": "...", "error": "..."}, where version
// is what Envoy has taken last, and error why it refuses what came after.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log"
	"net"
	"os"
	"sync"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/file/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/dynamic_modules/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// The id of the one node.
const node = "test"

type update struct {
	Version    string            `json:"version"`
	Listeners  []json.RawMessage `json:"listeners"`
	Extensions []json.RawMessage `json:"extensions"`
}

type answer struct {
	Type    string `json:"type"`
	Version string `json:"version"`
	Error   string `json:"error,omitempty"`
}

// Lines of standard output, each whole.
type teller struct {
	mutex   sync.Mutex
	encoder *json.Encoder
}

func (t *teller) tell(what any) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if err := t.encoder.Encode(what); err != nil {
		log.Fatal(err)
	}
}

func read[M proto.Message](texts []json.RawMessage, empty func() M) ([]types.Resource, error) {
	resources := []types.Resource{}
	for _, text := range texts {
		message := empty()
		if err := protojson.Unmarshal(text, message); err != nil {
			return nil, err
		}
		resources = append(resources, message)
	}
	return resources, nil
}

func snapshot(u update) (*cache.Snapshot, error) {
	listeners, err := read(u.Listeners, func() *listener.Listener { return &listener.Listener{} })
	if err != nil {
		return nil, err
	}
	extensions, err := read(u.Extensions, func() *core.TypedExtensionConfig { return &core.TypedExtensionConfig{} })
	if err != nil {
		return nil, err
	}
	return cache.NewSnapshot(u.Version, map[resource.Type][]types.Resource{
		resource.ListenerType:        listeners,
		resource.ExtensionConfigType: extensions,
	})
}

func main() {
	ctx := context.Background()
	out := &teller{encoder: json.NewEncoder(os.Stdout)}
	snapshots := cache.NewSnapshotCache(false, cache.IDHash{}, nil)
	callbacks := server.CallbackFuncs{
		StreamRequestFunc: func(_ int64, request *discovery.DiscoveryRequest) error {
			// The first one of a stream answers nothing.
			if request.GetResponseNonce() != "" {
				out.tell(answer{request.GetTypeUrl(), request.GetVersionInfo(), request.GetErrorDetail().GetMessage()})
			}
			return nil
		},
	}
	services := server.NewServer(ctx, snapshots, callbacks)
	transport := grpc.NewServer()
	discovery.RegisterAggregatedDiscoveryServiceServer(transport, services)

	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(transport.Serve(socket)) }()
	out.tell(map[string]int{"port": socket.Addr().(*net.TCPAddr).Port})

	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var u update
		if err := json.Unmarshal(lines.Bytes(), &u); err != nil {
			log.Fatal(err)
		}
		served, err := snapshot(u)
		if err != nil {
			log.Fatal(err)
		}
		if err := snapshots.SetSnapshot(ctx, node, served); err != nil {
			log.Fatal(err)
		}
	}
	transport.Stop()
}
