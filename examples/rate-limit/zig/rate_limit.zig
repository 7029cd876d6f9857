//! Lets each client make so many requests in a time; see ../README.md.

const std = @import("std");
const proxy = @import("proxy_wasm");

const Limit = struct {
    requests: u64,
    seconds: u64,

    /// `5/60`: five requests a minute.
    fn parse(text: []const u8) ?Limit {
        const slash = std.mem.indexOfScalar(u8, text, '/') orelse return null;
        const parsed = Limit{
            .requests = std.fmt.parseInt(u64, text[0..slash], 10) catch return null,
            .seconds = std.fmt.parseInt(u64, text[slash + 1 ..], 10) catch return null,
        };
        return if (parsed.seconds > 0) parsed else null;
    }
};

// One instance runs on one thread, and serves one plugin configuration.
var limit = Limit{ .requests = 10, .seconds = 1 };

export fn proxy_on_configure(_: u32, size: u32) bool {
    if (size == 0) return true;
    const text = proxy.configuration(size) catch return false;
    defer proxy.free(text);
    limit = Limit.parse(std.mem.trim(u8, text, " \t\r\n")) orelse {
        proxy.log(.err, "the configuration is REQUESTS/SECONDS, as 5/60", .{});
        return false;
    };
    return true;
}

export fn proxy_on_request_headers(_: u32, _: u32, _: u32) proxy.Action {
    const client = proxy.header(.request_headers, "x-api-key");
    defer proxy.free(client);
    if (client.len == 0) return answer(401, &.{}, "no x-api-key\n");
    const now = proxy.now() / std.time.ns_per_s;
    const requests = count(client, now / limit.seconds) catch |reason| {
        // Who cannot be counted is not held up.
        proxy.log(.err, "cannot count: {s}", .{@errorName(reason)});
        return .go_on;
    };
    if (requests <= limit.requests) return .go_on;
    var digits: [20]u8 = undefined;
    const wait = std.fmt.bufPrint(&digits, "{d}", .{limit.seconds - now % limit.seconds}) catch "";
    return answer(429, &.{.{ .name = "retry-after", .value = wait }}, "too many requests\n");
}

/// Counts this request; the number of the client's requests in this window. Shared data is the same on all worker threads.
/// Its value is `WINDOW COUNT`.
fn count(client: []const u8, window: u64) proxy.Error!u64 {
    const key = try std.fmt.allocPrint(proxy.allocator, "rate-limit.{s}", .{client});
    defer proxy.free(key);
    while (true) {
        var before: u64 = 0;
        var cas: u32 = 0;
        if (proxy.shared_data(key)) |stored| {
            defer proxy.free(stored.value);
            before = counted(stored.value, window);
            cas = stored.cas;
        } else |reason| if (reason != error.NotFound) return reason;
        const now = try std.fmt.allocPrint(proxy.allocator, "{d} {d}", .{ window, before + 1 });
        defer proxy.free(now);
        proxy.set_shared_data(key, now, cas) catch |reason| {
            // Another thread was quicker: look again.
            if (reason == error.CasMismatch) continue;
            return reason;
        };
        return before + 1;
    }
}

/// What a stored value tells of this window.
fn counted(text: []const u8, window: u64) u64 {
    const space = std.mem.indexOfScalar(u8, text, ' ') orelse return 0;
    const of = std.fmt.parseInt(u64, text[0..space], 10) catch return 0;
    if (of != window) return 0;
    return std.fmt.parseInt(u64, text[space + 1 ..], 10) catch 0;
}

fn answer(status: u32, headers: []const proxy.Header, body: []const u8) proxy.Action {
    proxy.send_response(status, headers, body) catch |reason| {
        proxy.log(.err, "cannot answer: {s}", .{@errorName(reason)});
    };
    return .pause;
}
