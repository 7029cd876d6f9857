// Lets requests pass that bring a JSON Web Token signed by HMAC-SHA256; see ../README.md.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

type configuration struct {
	Secret string `json:"secret"`
	Issuer string `json:"issuer"`
}

type plugin struct {
	types.DefaultPluginContext
	configuration configuration
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	text, err := proxywasm.GetPluginConfiguration()
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		err = decoder.Decode(&p.configuration)
	}
	if err == nil && p.configuration.Secret == "" {
		err = errors.New("`secret` is missing")
	}
	if err != nil {
		proxywasm.LogErrorf("configuration: %v", err)
		return types.OnPluginStartStatusFailed
	}
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext {
	return &stream{configuration: &p.configuration}
}

type stream struct {
	types.DefaultHttpContext
	configuration *configuration
}

func (s *stream) OnHttpRequestHeaders(int, bool) types.Action {
	credentials, _ := proxywasm.GetHttpRequestHeader("authorization") // Absent: empty.
	token, found := strings.CutPrefix(credentials, "Bearer ")
	if !found {
		return s.deny("no bearer token")
	}
	claims, err := check(token, s.configuration, time.Now())
	if err != nil {
		return s.deny(err.Error())
	}
	if err := proxywasm.ReplaceHttpRequestHeader("x-jwt-subject", claims.Subject); err != nil {
		return s.deny("the subject is no header value")
	}
	return types.ActionContinue
}

func (s *stream) deny(why string) types.Action {
	headers := [][2]string{{"www-authenticate", "Bearer"}}
	if err := proxywasm.SendHttpResponse(401, headers, []byte(why+"\n"), -1); err != nil {
		proxywasm.LogErrorf("response: %v", err)
	}
	return types.ActionPause
}

type claims struct {
	Issuer    string  `json:"iss"`
	Subject   string  `json:"sub"`
	Expires   float64 `json:"exp"`
	NotBefore float64 `json:"nbf"`
}

// check is about the signature first: nothing else in a token means anything before.
func check(token string, wanted *configuration, now time.Time) (claims, error) {
	var told claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return told, errors.New("not a token")
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	if err := decode(parts[0], &header); err != nil || header.Algorithm != "HS256" {
		return told, errors.New("not signed by HS256")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	mac := hmac.New(sha256.New, []byte(wanted.Secret))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if err != nil || !hmac.Equal(signature, mac.Sum(nil)) {
		return told, errors.New("wrong signature")
	}
	if err := decode(parts[1], &told); err != nil {
		return told, errors.New("the claims are not JSON")
	}
	seconds := float64(now.Unix())
	switch {
	case told.Expires == 0 || seconds >= told.Expires:
		return told, errors.New("expired")
	case seconds < told.NotBefore:
		return told, errors.New("not valid yet")
	case wanted.Issuer != "" && told.Issuer != wanted.Issuer:
		return told, errors.New("another issuer")
	}
	return told, nil
}

func decode(part string, out any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, out)
}
