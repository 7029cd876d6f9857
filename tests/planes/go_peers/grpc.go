package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

func serveGRPC(listener net.Listener) error {
	server := grpc.NewServer()
	testgrpc.RegisterTestServiceServer(server, interop.NewTestServer())
	return server.Serve(listener)
}

// callGRPC runs gRPC's catalogue, without the cases about credentials. What does not hold ends the process.
func callGRPC(address string) error {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	client := testgrpc.NewTestServiceClient(connection)
	cases := []struct {
		name string
		run  func(ctx context.Context)
	}{
		{"empty_unary", func(ctx context.Context) { interop.DoEmptyUnaryCall(ctx, client) }},
		{"large_unary", func(ctx context.Context) { interop.DoLargeUnaryCall(ctx, client) }},
		{"client_streaming", func(ctx context.Context) { interop.DoClientStreaming(ctx, client) }},
		{"server_streaming", func(ctx context.Context) { interop.DoServerStreaming(ctx, client) }},
		{"ping_pong", func(ctx context.Context) { interop.DoPingPong(ctx, client) }},
		{"empty_stream", func(ctx context.Context) { interop.DoEmptyStream(ctx, client) }},
		{"timeout_on_sleeping_server", func(ctx context.Context) { interop.DoTimeoutOnSleepingServer(ctx, client) }},
		{"cancel_after_begin", func(ctx context.Context) { interop.DoCancelAfterBegin(ctx, client) }},
		{"cancel_after_first_response", func(ctx context.Context) { interop.DoCancelAfterFirstResponse(ctx, client) }},
		{"custom_metadata", func(ctx context.Context) { interop.DoCustomMetadata(ctx, client) }},
		{"status_code_and_message", func(ctx context.Context) { interop.DoStatusCodeAndMessage(ctx, client) }},
		{"special_status_message", func(ctx context.Context) { interop.DoSpecialStatusMessage(ctx, client) }},
		{"unimplemented_method", func(ctx context.Context) { interop.DoUnimplementedMethod(ctx, connection) }},
		{"unimplemented_service", func(ctx context.Context) {
			interop.DoUnimplementedService(ctx, testgrpc.NewUnimplementedServiceClient(connection))
		}},
	}
	for _, each := range cases {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		each.run(ctx)
		cancel()
		fmt.Println(each.name)
	}
	return nil
}
