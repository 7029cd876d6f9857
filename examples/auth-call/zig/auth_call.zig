//! Asks an authorisation service before a request goes on; see ../README.md.

const std = @import("std");
const proxy = @import("proxy_wasm");

const timeout_milliseconds = 500;

// One instance runs on one thread, and serves one plugin configuration.
var upstream: []const u8 = "auth";

// Which stream waits for which call's answer, by the call's token. A stream that ends takes its entry away.
var waiting = std.AutoHashMap(u32, u32).init(proxy.allocator);

export fn proxy_on_configure(_: u32, size: u32) bool {
    // Stays for the life of the instance.
    const text = proxy.configuration(size) catch return false;
    const name = std.mem.trim(u8, text, " \t\r\n");
    if (name.len > 0) upstream = name;
    return true;
}

export fn proxy_on_request_headers(stream: u32, _: u32, _: u32) proxy.Action {
    // What a client claims to have been told does not count.
    proxy.remove_header(.request_headers, "x-auth-user") catch {};
    ask(stream) catch |reason| {
        proxy.log(.err, "cannot call '{s}': {s}", .{ upstream, @errorName(reason) });
        answer(503, "no authorisation service\n");
    };
    // Until the answer is there, or its time is over.
    return .pause;
}

fn ask(stream: u32) proxy.Error!void {
    const path = proxy.header(.request_headers, ":path");
    defer proxy.free(path);
    const credentials = proxy.header(.request_headers, "authorization");
    defer proxy.free(credentials);
    // Nothing can fail once the call is on its way.
    try waiting.ensureUnusedCapacity(1);
    const token = try proxy.http_call(upstream, &.{
        .{ .name = ":method", .value = "GET" },
        .{ .name = ":path", .value = "/check" },
        .{ .name = ":authority", .value = upstream },
        .{ .name = "authorization", .value = credentials },
        .{ .name = "x-original-path", .value = path },
    }, "", timeout_milliseconds);
    waiting.putAssumeCapacity(token, stream);
}

/// The answer comes to the plugin, and the stream may be gone by then.
export fn proxy_on_http_call_response(_: u32, token: u32, headers: u32, _: u32, _: u32) void {
    const entry = waiting.fetchRemove(token) orelse return;
    proxy.set_effective_context(entry.value) catch return;
    if (headers == 0) return answer(503, "no authorisation service\n");
    const status = proxy.header(.call_headers, ":status");
    defer proxy.free(status);
    if (!std.mem.startsWith(u8, status, "2")) return answer(403, "denied\n");
    const user = proxy.header(.call_headers, "x-auth-user");
    defer proxy.free(user);
    if (user.len > 0) proxy.set_header(.request_headers, "x-auth-user", user) catch {};
    proxy.continue_stream(.request) catch {};
}

export fn proxy_on_delete(context: u32) void {
    var entries = waiting.iterator();
    while (entries.next()) |entry| {
        if (entry.value_ptr.* == context) {
            waiting.removeByPtr(entry.key_ptr);
            return;
        }
    }
}

fn answer(status: u32, body: []const u8) void {
    proxy.send_response(status, &.{}, body) catch |reason| {
        proxy.log(.err, "cannot answer: {s}", .{@errorName(reason)});
    };
}
