// Asks an authorisation service before a request goes on; see ../README.md.
package main

import (
	"bytes"
	"errors"
	"strings"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

const timeoutMilliseconds = 500

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{upstream: "auth"} })
}

type plugin struct {
	types.DefaultPluginContext
	upstream string
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	configuration, err := proxywasm.GetPluginConfiguration()
	if err != nil && !errors.Is(err, types.ErrorStatusNotFound) {
		proxywasm.LogErrorf("configuration: %v", err)
		return types.OnPluginStartStatusFailed
	}
	if upstream := bytes.TrimSpace(configuration); len(upstream) > 0 {
		p.upstream = string(upstream)
	}
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &stream{upstream: p.upstream} }

type stream struct {
	types.DefaultHttpContext
	upstream string
}

func (s *stream) OnHttpRequestHeaders(int, bool) types.Action {
	// What a client claims to have been told does not count.
	if err := proxywasm.RemoveHttpRequestHeader("x-auth-user"); err != nil {
		proxywasm.LogErrorf("x-auth-user: %v", err)
	}
	path, _ := proxywasm.GetHttpRequestHeader(":path")
	credentials, _ := proxywasm.GetHttpRequestHeader("authorization") // Absent: empty.
	headers := [][2]string{
		{":method", "GET"},
		{":path", "/check"},
		{":authority", s.upstream},
		{"authorization", credentials},
		{"x-original-path", path},
	}
	_, err := proxywasm.DispatchHttpCall(s.upstream, headers, nil, nil, timeoutMilliseconds, onAnswer)
	if err != nil {
		proxywasm.LogErrorf("cannot call '%s': %v", s.upstream, err)
		reply(503, "no authorisation service\n")
	}
	// Until the answer is there, or its time is over.
	return types.ActionPause
}

func onAnswer(numHeaders, _, _ int) {
	if numHeaders == 0 {
		reply(503, "no authorisation service\n")
		return
	}
	headers, err := proxywasm.GetHttpCallResponseHeaders()
	if err != nil {
		reply(503, "no authorisation service\n")
		return
	}
	var status, user string
	for _, header := range headers {
		switch header[0] {
		case ":status":
			status = header[1]
		case "x-auth-user":
			user = header[1]
		}
	}
	if !strings.HasPrefix(status, "2") {
		reply(403, "denied\n")
		return
	}
	if user != "" {
		if err := proxywasm.ReplaceHttpRequestHeader("x-auth-user", user); err != nil {
			proxywasm.LogErrorf("x-auth-user: %v", err)
		}
	}
	if err := proxywasm.ResumeHttpRequest(); err != nil {
		proxywasm.LogErrorf("resume: %v", err)
	}
}

func reply(status uint32, text string) {
	if err := proxywasm.SendHttpResponse(status, nil, []byte(text), -1); err != nil {
		proxywasm.LogErrorf("response: %v", err)
	}
}
