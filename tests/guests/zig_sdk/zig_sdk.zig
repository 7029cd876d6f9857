//! Uses each function of sdk/zig/proxy_wasm.zig; zig_sdk.yaml tells what comes of it.

const std = @import("std");
const proxy = @import("proxy_wasm");

var ticks: u32 = 0;
var held: u32 = 0;

export fn proxy_on_configure(_: u32, size: u32) bool {
    const text = proxy.configuration(size) catch return false;
    defer proxy.free(text);
    proxy.set_tick_period(std.fmt.parseInt(u32, text, 10) catch 0) catch return false;
    return true;
}

export fn proxy_on_tick(_: u32) void {
    ticks += 1;
    proxy.log(.debug, "tick {d} at {d}", .{ ticks, proxy.now() / std.time.ns_per_s });
    if (held != 0) {
        proxy.set_effective_context(held) catch |reason| proxy.log(.err, "{s}", .{@errorName(reason)});
        proxy.continue_stream(.request) catch |reason| proxy.log(.err, "{s}", .{@errorName(reason)});
        held = 0;
    }
}

export fn proxy_on_request_headers(stream: u32, _: u32, _: u32) proxy.Action {
    const path = proxy.header(.request_headers, ":path");
    defer proxy.free(path);
    const action = request(stream, path) catch |reason| {
        proxy.log(.warn, "{s}: {s}", .{ path, @errorName(reason) });
        return .go_on;
    };
    return action;
}

fn request(stream: u32, path: []const u8) proxy.Error!proxy.Action {
    const is = struct {
        path: []const u8,
        fn it(self: @This(), name: []const u8) bool {
            return std.mem.eql(u8, self.path, name);
        }
    }{ .path = path };
    if (is.it("/headers")) {
        try proxy.set_header(.request_headers, "x-set", "1");
        try proxy.add_header(.request_headers, "x-added", "1");
        try proxy.add_header(.request_headers, "x-added", "2");
        try proxy.remove_header(.request_headers, "x-removed");
        const none = proxy.header(.request_headers, "x-none");
        if (none.len != 0) proxy.log(.err, "a header that is not there", .{});
    }
    if (is.it("/property")) {
        const address = try proxy.property(&.{ "source", "address" });
        defer proxy.free(address);
        try proxy.set_header(.request_headers, "x-from", address);
        const missing = try proxy.property(&.{"nothing"});
        proxy.free(missing);
    }
    if (is.it("/shared")) {
        try proxy.set_shared_data("a", "one", 0);
        const read = try proxy.shared_data("a");
        defer proxy.free(read.value);
        try proxy.set_shared_data("a", "two", read.cas);
        try proxy.set_shared_data("a", "three", read.cas);
    }
    if (is.it("/hold")) {
        held = stream;
        return .pause;
    }
    if (is.it("/close")) {
        try proxy.close_stream(.request);
        return .pause;
    }
    if (is.it("/answer")) {
        try proxy.send_response(418, &.{
            .{ .name = "x-one", .value = "1" },
            .{ .name = "x-empty", .value = "" },
        }, "short");
        return .pause;
    }
    if (is.it("/call")) {
        _ = try proxy.http_call("nobody", &.{.{ .name = ":path", .value = "/" }}, "body", 100);
    }
    return .go_on;
}

export fn proxy_on_request_body(_: u32, size: u32, end_of_stream: u32) proxy.BodyAction {
    if (end_of_stream == 0) return .hold;
    const body = proxy.buffer(.request_body, 0, size) catch return .go_on;
    defer proxy.free(body);
    std.mem.reverse(u8, body);
    proxy.set_buffer(.request_body, 0, size, body) catch |reason| proxy.log(.err, "{s}", .{@errorName(reason)});
    return .go_on;
}
