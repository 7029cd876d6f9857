package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// serveHTTP echoes bodies piece by piece, and the request's trailers; /slow answers when the request is given up,
// /gone breaks off in the middle of its body.
func serveHTTP(listener net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(answer http.ResponseWriter, request *http.Request) {
		control := http.NewResponseController(answer)
		control.EnableFullDuplex()
		answer.Header().Set("x-protocol", request.Proto)
		answer.WriteHeader(http.StatusOK)
		control.Flush()
		piece := make([]byte, 1<<16)
		for {
			count, err := request.Body.Read(piece)
			answer.Write(piece[:count])
			control.Flush()
			if err != nil {
				break
			}
		}
		for name, values := range request.Trailer {
			for _, value := range values {
				answer.Header().Add(http.TrailerPrefix+name, value)
			}
		}
	})
	mux.HandleFunc("/slow", func(answer http.ResponseWriter, request *http.Request) { <-request.Context().Done() })
	mux.HandleFunc("/gone", func(answer http.ResponseWriter, request *http.Request) {
		answer.Write([]byte("half"))
		http.NewResponseController(answer).Flush()
		panic(http.ErrAbortHandler)
	})
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: mux, Protocols: protocols}
	return server.Serve(listener)
}

// requestHTTP makes requests over HTTP/1.1 and over HTTP/2, to a server whose certificate the authority in the file
// has signed.
func requestHTTP(url, authority string) error {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		client, err := newClient(authority, protocol == "HTTP/2.0")
		if err != nil {
			return err
		}
		steps := []struct {
			name string
			run  func(client *http.Client, url string) error
		}{
			{"body", echoBody}, {"trailers", echoTrailers}, {"conversation", converse}, {"many", requestMany},
			{"expect", expectContinue}, {"cancelled", giveUp}, {"broken off", breakOff},
		}
		for _, step := range steps {
			if err := step.run(client, url); err != nil {
				return fmt.Errorf("%s, %s: %w", protocol, step.name, err)
			}
			fmt.Printf("%s: %s\n", protocol, step.name)
		}
		answer, err := client.Get(url + "/echo")
		if err != nil || answer.Proto != protocol {
			return fmt.Errorf("%s: answered by %v, %w", protocol, answer, err)
		}
		answer.Body.Close()
		client.CloseIdleConnections()
	}
	return nil
}

func newClient(authority string, http2 bool) (*http.Client, error) {
	text, err := os.ReadFile(authority)
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(text)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		TLSClientConfig:       &tls.Config{RootCAs: trusted, ServerName: "weir.test"},
		Protocols:             protocols,
		ExpectContinueTimeout: 10 * time.Second,
	}}, nil
}

func send(client *http.Client, request *http.Request) (*http.Response, []byte, error) {
	answer, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", answer.StatusCode, body)
	}
	return answer, body, err
}

func echoBody(client *http.Client, url string) error {
	sent := bytes.Repeat([]byte("weir "), 1<<20)
	request, _ := http.NewRequest("POST", url+"/echo", bytes.NewReader(sent))
	_, body, err := send(client, request)
	if err == nil && !bytes.Equal(body, sent) {
		err = fmt.Errorf("%d bytes of %d came back", len(body), len(sent))
	}
	return err
}

func echoTrailers(client *http.Client, url string) error {
	// A body of unknown length, so that HTTP/1.1 sends it in chunks.
	request, _ := http.NewRequest("POST", url+"/echo", io.MultiReader(strings.NewReader("body")))
	request.Header.Set("TE", "trailers")
	request.Trailer = http.Header{"X-Sum": {"42"}}
	answer, body, err := send(client, request)
	if err == nil && (string(body) != "body" || answer.Trailer.Get("X-Sum") != "42") {
		err = fmt.Errorf("%q with trailers %v came back", body, answer.Trailer)
	}
	return err
}

// converse waits for each piece to come back before it sends the next.
func converse(client *http.Client, url string) error {
	reader, writer := io.Pipe()
	request, _ := http.NewRequest("POST", url+"/echo", reader)
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	for _, word := range []string{"one", "two", "three"} {
		writer.Write([]byte(word))
		heard := make([]byte, len(word))
		if _, err := io.ReadFull(answer.Body, heard); err != nil || string(heard) != word {
			return fmt.Errorf("heard %q for %q: %w", heard, word, err)
		}
	}
	writer.Close()
	rest, err := io.ReadAll(answer.Body)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("heard %q at the end", rest)
	}
	return err
}

func requestMany(client *http.Client, url string) error {
	var group sync.WaitGroup
	failures := make(chan error, 100)
	for number := range 100 {
		group.Add(1)
		go func() {
			defer group.Done()
			sent := strings.Repeat(fmt.Sprint(number), 1000)
			request, _ := http.NewRequest("POST", url+"/echo", strings.NewReader(sent))
			_, body, err := send(client, request)
			if err == nil && string(body) != sent {
				err = fmt.Errorf("request %d was answered with another's body", number)
			}
			failures <- err
		}()
	}
	group.Wait()
	for range 100 {
		if err := <-failures; err != nil {
			return err
		}
	}
	return nil
}

func expectContinue(client *http.Client, url string) error {
	began := time.Now()
	request, _ := http.NewRequest("POST", url+"/echo", strings.NewReader("expected"))
	request.Header.Set("Expect", "100-continue")
	_, body, err := send(client, request)
	if err == nil && (string(body) != "expected" || time.Since(began) > 9*time.Second) {
		err = fmt.Errorf("%q after %v", body, time.Since(began))
	}
	return err
}

func giveUp(client *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	request, _ := http.NewRequestWithContext(ctx, "GET", url+"/slow", nil)
	if _, _, err := send(client, request); !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("not given up: %w", err)
	}
	return echoBody(client, url)
}

func breakOff(client *http.Client, url string) error {
	request, _ := http.NewRequest("GET", url+"/gone", nil)
	if _, body, err := send(client, request); err == nil || os.IsTimeout(err) {
		return fmt.Errorf("%q was taken for all, or for a part: %w", body, err)
	}
	return echoBody(client, url)
}
