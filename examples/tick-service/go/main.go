// Fetches a text from an upstream every so often, whatever the traffic, and keeps the last one for requests;
// see ../README.md.
package main

import (
	"encoding/json"
	"errors"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

const key = "tick-service.flags"

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

type configuration struct {
	Upstream           string `json:"upstream"`
	Path               string `json:"path"`
	PeriodMilliseconds uint32 `json:"period_milliseconds"`
}

type plugin struct {
	types.DefaultPluginContext
	configuration configuration
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	text, err := proxywasm.GetPluginConfiguration()
	if errors.Is(err, types.ErrorStatusNotFound) || len(text) == 0 {
		return types.OnPluginStartStatusOK // Reads what another plugin of this VM fetches.
	}
	if err == nil {
		err = json.Unmarshal(text, &p.configuration)
	}
	if err == nil && (p.configuration.Upstream == "" || p.configuration.PeriodMilliseconds == 0) {
		err = errors.New("`upstream` and `period_milliseconds` are needed")
	}
	if err == nil {
		err = proxywasm.SetTickPeriodMilliSeconds(p.configuration.PeriodMilliseconds)
	}
	if err != nil {
		proxywasm.LogErrorf("configuration: %v", err)
		return types.OnPluginStartStatusFailed
	}
	return types.OnPluginStartStatusOK
}

func (p *plugin) OnTick() {
	headers := [][2]string{
		{":method", "GET"},
		{":path", p.configuration.Path},
		{":authority", p.configuration.Upstream},
	}
	timeout := p.configuration.PeriodMilliseconds
	_, err := proxywasm.DispatchHttpCall(p.configuration.Upstream, headers, nil, nil, timeout, onAnswer)
	if err != nil {
		proxywasm.LogErrorf("cannot call '%s': %v", p.configuration.Upstream, err)
	}
}

// onAnswer keeps what it got, unless it is none: better what was there before.
func onAnswer(numHeaders, bodySize, _ int) {
	if numHeaders == 0 || bodySize == 0 {
		proxywasm.LogWarn("no answer")
		return
	}
	text, err := proxywasm.GetHttpCallResponseBody(0, bodySize)
	if err == nil {
		err = proxywasm.SetSharedData(key, text, 0)
	}
	if err != nil {
		proxywasm.LogErrorf("cannot keep the answer: %v", err)
	}
}

func (*plugin) NewHttpContext(uint32) types.HttpContext { return &stream{} }

type stream struct {
	types.DefaultHttpContext
}

func (*stream) OnHttpRequestHeaders(int, bool) types.Action {
	flags, _, err := proxywasm.GetSharedData(key)
	if err != nil {
		flags = []byte("unknown") // Nothing was fetched yet.
	}
	if err := proxywasm.ReplaceHttpRequestHeader("x-flags", string(flags)); err != nil {
		proxywasm.LogErrorf("x-flags: %v", err)
	}
	return types.ActionContinue
}
