//! Rewrites the bodies of responses; see ../README.md.

const std = @import("std");
const proxy = @import("proxy_wasm");

const Mode = enum {
    /// The whole body at once: a line with its size is put before it.
    buffered,
    /// Piece by piece, as it passes: letters become capitals.
    streamed,
};

// One instance runs on one thread, and serves one plugin configuration.
var mode = Mode.buffered;

export fn proxy_on_configure(_: u32, size: u32) bool {
    const text = proxy.configuration(size) catch return false;
    defer proxy.free(text);
    const word = std.mem.trim(u8, text, " \t\r\n");
    if (word.len == 0) return true;
    mode = std.meta.stringToEnum(Mode, word) orelse {
        proxy.log(.err, "the configuration is `buffered` or `streamed`, not '{s}'", .{word});
        return false;
    };
    return true;
}

export fn proxy_on_response_headers(_: u32, _: u32, _: u32) proxy.Action {
    // The length that the upstream told does not fit any more.
    proxy.remove_header(.response_headers, "content-length") catch {};
    return .go_on;
}

export fn proxy_on_response_body(_: u32, size: u32, end_of_stream: u32) proxy.BodyAction {
    // Until the end, the host keeps what has come and calls again with more.
    if (mode == .buffered and end_of_stream == 0) return .hold;
    const rewritten = if (mode == .buffered) put_size_before(size) else capitalize(size);
    rewritten catch |reason| proxy.log(.err, "the body stays as it is: {s}", .{@errorName(reason)});
    return .go_on;
}

fn put_size_before(size: u32) proxy.Error!void {
    const line = try std.fmt.allocPrint(proxy.allocator, "{d} bytes\n", .{size});
    defer proxy.free(line);
    try proxy.set_buffer(.response_body, 0, 0, line);
}

fn capitalize(size: u32) proxy.Error!void {
    if (size == 0) return;
    const piece = try proxy.buffer(.response_body, 0, size);
    defer proxy.free(piece);
    for (piece) |*letter| letter.* = std.ascii.toUpper(letter.*);
    try proxy.set_buffer(.response_body, 0, size, piece);
}
