// Lets each client make so many requests in a time; see ../README.md.
package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext {
		return &plugin{limit: limit{requests: 10, seconds: 1}}
	})
}

type limit struct {
	requests, seconds int64
}

type plugin struct {
	types.DefaultPluginContext
	limit limit
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	configuration, err := proxywasm.GetPluginConfiguration()
	if errors.Is(err, types.ErrorStatusNotFound) || len(configuration) == 0 {
		return types.OnPluginStartStatusOK
	}
	// 5/60: five requests a minute.
	_, err = fmt.Sscanf(string(configuration), "%d/%d", &p.limit.requests, &p.limit.seconds)
	if err != nil || p.limit.seconds <= 0 {
		proxywasm.LogError("the configuration is REQUESTS/SECONDS, as 5/60")
		return types.OnPluginStartStatusFailed
	}
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &stream{limit: p.limit} }

type stream struct {
	types.DefaultHttpContext
	limit limit
}

func (s *stream) OnHttpRequestHeaders(int, bool) types.Action {
	client, err := proxywasm.GetHttpRequestHeader("x-api-key")
	if err != nil {
		reply(401, nil, "no x-api-key\n")
		return types.ActionPause
	}
	now := time.Now().Unix()
	if count(client, now/s.limit.seconds) <= s.limit.requests {
		return types.ActionContinue
	}
	wait := strconv.FormatInt(s.limit.seconds-now%s.limit.seconds, 10)
	reply(429, [][2]string{{"retry-after", wait}}, "too many requests\n")
	return types.ActionPause
}

// count counts this request, and tells how many of the client's are in this window. Shared data is the
// same on all worker threads. Its value is "WINDOW COUNT".
func count(client string, window int64) int64 {
	key := "rate-limit." + client
	for {
		value, cas, err := proxywasm.GetSharedData(key)
		if err != nil && !errors.Is(err, types.ErrorStatusNotFound) {
			proxywasm.LogErrorf("cannot count: %v", err)
			return 0
		}
		var of, before int64
		if _, err := fmt.Sscanf(string(value), "%d %d", &of, &before); err != nil || of != window {
			before = 0
		}
		err = proxywasm.SetSharedData(key, []byte(fmt.Sprintf("%d %d", window, before+1)), cas)
		if err == nil {
			return before + 1
		}
		// Where another thread was quicker, look again.
		if !errors.Is(err, types.ErrorStatusCasMismatch) {
			proxywasm.LogErrorf("cannot count: %v", err)
			return 0
		}
	}
}

func reply(status uint32, headers [][2]string, text string) {
	if err := proxywasm.SendHttpResponse(status, headers, []byte(text), -1); err != nil {
		proxywasm.LogErrorf("response: %v", err)
	}
}
