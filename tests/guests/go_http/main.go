// A plugin of the Go SDK, ABI 0.2.0. Each request path is a scenario:
//
//   - /headers         request and response alike: adds x-guest: go and x-count, the number of headers
//   - /body            counts the body, request and response alike: the response header
//     x-request-size and the response's body, which becomes "SIZE bytes"
//   - /local-response  answers 403 with header x-guest: go and body "denied by go"
//   - /http-call       calls GET /auth of the upstream in x-cluster and sends the request on with x-auth of
//     the answer and x-call-size, the size of its body; a call that is refused is answered 503
//   - /shared-data     counts requests in shared data; the response header x-counter tells the count
//   - /properties      response headers x-plugin-root-id and x-source-address tell these properties
//   - /panic           panics
package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

const counterKey = "go_http.counter"

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

type plugin struct {
	types.DefaultPluginContext
}

func (*plugin) OnPluginStart(int) types.OnPluginStartStatus {
	configuration, err := proxywasm.GetPluginConfiguration()
	if err != nil && !errors.Is(err, types.ErrorStatusNotFound) {
		proxywasm.LogCriticalf("configuration: %v", err)
		return types.OnPluginStartStatusFailed
	}
	proxywasm.LogInfof("started with configuration %q", configuration)
	return types.OnPluginStartStatusOK
}

func (*plugin) NewHttpContext(uint32) types.HttpContext { return &stream{} }

// stream is one request and its response.
type stream struct {
	types.DefaultHttpContext
	path        string
	requestSize int
	counter     int
}

// must ends the callback, and so the stream, on an error that no scenario expects.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (s *stream) OnHttpRequestHeaders(int, bool) types.Action {
	path, err := proxywasm.GetHttpRequestHeader(":path")
	must(err)
	s.path = path
	switch path {
	case "/headers":
		headers, err := proxywasm.GetHttpRequestHeaders()
		must(err)
		must(proxywasm.AddHttpRequestHeader("x-guest", "go"))
		must(proxywasm.ReplaceHttpRequestHeader("x-count", strconv.Itoa(len(headers))))
	case "/local-response":
		headers := [][2]string{{"x-guest", "go"}}
		must(proxywasm.SendHttpResponse(403, headers, []byte("denied by go"), -1))
		return types.ActionPause
	case "/http-call":
		return call()
	case "/shared-data":
		s.counter = increment()
	case "/panic":
		panic("as asked")
	}
	return types.ActionContinue
}

func call() types.Action {
	cluster, err := proxywasm.GetHttpRequestHeader("x-cluster")
	must(err)
	headers := [][2]string{{":method", "GET"}, {":path", "/auth"}, {":authority", cluster}}
	_, err = proxywasm.DispatchHttpCall(cluster, headers, nil, nil, 1000, onCallResponse)
	if err != nil {
		must(proxywasm.SendHttpResponse(503, nil, []byte(fmt.Sprintf("refused: %v", err)), -1))
	}
	return types.ActionPause
}

func onCallResponse(_, bodySize, _ int) {
	headers, err := proxywasm.GetHttpCallResponseHeaders()
	must(err)
	for _, header := range headers {
		if header[0] == "x-auth" {
			must(proxywasm.ReplaceHttpRequestHeader("x-auth", header[1]))
		}
	}
	must(proxywasm.ReplaceHttpRequestHeader("x-call-size", strconv.Itoa(bodySize)))
	must(proxywasm.ResumeHttpRequest())
}

// increment adds one to a number in shared data, however many others do the same.
func increment() int {
	for {
		value, cas, err := proxywasm.GetSharedData(counterKey)
		if err != nil && !errors.Is(err, types.ErrorStatusNotFound) {
			panic(err)
		}
		count, _ := strconv.Atoi(string(value)) // Absent: zero.
		count++
		err = proxywasm.SetSharedData(counterKey, []byte(strconv.Itoa(count)), cas)
		if err == nil {
			return count
		}
		if !errors.Is(err, types.ErrorStatusCasMismatch) {
			panic(err)
		}
	}
}

func (s *stream) OnHttpRequestBody(bodySize int, _ bool) types.Action {
	s.requestSize += bodySize
	return types.ActionContinue
}

func (s *stream) OnHttpResponseHeaders(int, bool) types.Action {
	switch s.path {
	case "/headers":
		headers, err := proxywasm.GetHttpResponseHeaders()
		must(err)
		must(proxywasm.AddHttpResponseHeader("x-guest", "go"))
		must(proxywasm.ReplaceHttpResponseHeader("x-count", strconv.Itoa(len(headers))))
	case "/body":
		must(proxywasm.RemoveHttpResponseHeader("content-length"))
		must(proxywasm.AddHttpResponseHeader("x-request-size", strconv.Itoa(s.requestSize)))
	case "/shared-data":
		must(proxywasm.AddHttpResponseHeader("x-counter", strconv.Itoa(s.counter)))
	case "/properties":
		rootID, err := proxywasm.GetProperty([]string{"plugin_root_id"})
		must(err)
		address, err := proxywasm.GetProperty([]string{"source", "address"})
		must(err)
		must(proxywasm.AddHttpResponseHeader("x-plugin-root-id", string(rootID)))
		must(proxywasm.AddHttpResponseHeader("x-source-address", string(address)))
	}
	return types.ActionContinue
}

func (s *stream) OnHttpResponseBody(bodySize int, endOfStream bool) types.Action {
	if s.path != "/body" {
		return types.ActionContinue
	}
	if !endOfStream {
		return types.ActionPause
	}
	must(proxywasm.ReplaceHttpResponseBody([]byte(fmt.Sprintf("%d bytes", bodySize))))
	return types.ActionContinue
}
