// Rewrites the bodies of responses; see ../README.md.
package main

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

type plugin struct {
	types.DefaultPluginContext
	streamed bool
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	configuration, err := proxywasm.GetPluginConfiguration()
	if err != nil && !errors.Is(err, types.ErrorStatusNotFound) {
		proxywasm.LogErrorf("configuration: %v", err)
		return types.OnPluginStartStatusFailed
	}
	switch mode := string(bytes.TrimSpace(configuration)); mode {
	case "", "buffered":
	case "streamed":
		p.streamed = true
	default:
		proxywasm.LogErrorf("the configuration is `buffered` or `streamed`, not %q", mode)
		return types.OnPluginStartStatusFailed
	}
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &stream{streamed: p.streamed} }

type stream struct {
	types.DefaultHttpContext
	streamed bool
}

func (s *stream) OnHttpResponseHeaders(int, bool) types.Action {
	// The length that the upstream told does not fit any more.
	if err := proxywasm.RemoveHttpResponseHeader("content-length"); err != nil {
		proxywasm.LogErrorf("content-length: %v", err)
	}
	return types.ActionContinue
}

func (s *stream) OnHttpResponseBody(size int, endOfStream bool) types.Action {
	var err error
	switch {
	case s.streamed:
		err = capitalize(size)
	case !endOfStream:
		// Until the end, the host keeps what has come and calls again with more.
		return types.ActionPause
	default:
		err = proxywasm.PrependHttpResponseBody([]byte(fmt.Sprintf("%d bytes\n", size)))
	}
	if err != nil {
		proxywasm.LogErrorf("body: %v", err)
	}
	return types.ActionContinue
}

// capitalize rewrites one piece of a body as it passes.
func capitalize(size int) error {
	if size == 0 {
		return nil
	}
	piece, err := proxywasm.GetHttpResponseBody(0, size)
	if err != nil {
		return err
	}
	return proxywasm.ReplaceHttpResponseBody(bytes.ToUpper(piece))
}
