//! Proxy-Wasm for plugins in Zig: the hostcalls of ABI 0.2.1 that most plugins need, as functions of Zig.
//!
//! A plugin imports this file and exports the callbacks that it takes, `export fn proxy_on_...`, by the names and types
//! of the ABI; a callback that it does not export passes everything. What the host offers beyond this file is declared in
//! the same way, `extern "env" fn proxy_...`.
//!
//! Slices that functions return are the caller's: `free()` gives them back.

const std = @import("std");

/// What a hostcall answers.
pub const Status = enum(u32) {
    ok = 0,
    not_found = 1,
    bad_argument = 2,
    serialization_failure = 3,
    parse_failure = 4,
    bad_expression = 5,
    invalid_memory_access = 6,
    empty = 7,
    cas_mismatch = 8,
    result_mismatch = 9,
    internal_failure = 10,
    broken_connection = 11,
    unimplemented = 12,
    _,
};

pub const Error = error{
    /// There is no such header, property, item or key.
    NotFound,
    /// Shared data has changed since it was read.
    CasMismatch,
    /// Of a queue.
    Empty,
    OutOfMemory,
    /// The host refuses, for whatever other reason.
    Refused,
};

pub const LogLevel = enum(u32) { trace = 0, debug = 1, info = 2, warn = 3, err = 4, critical = 5 };
pub const Stream = enum(u32) { request = 0, response = 1, downstream = 2, upstream = 3 };

pub const Map = enum(u32) {
    request_headers = 0,
    request_trailers = 1,
    response_headers = 2,
    response_trailers = 3,
    grpc_initial_metadata = 4,
    grpc_trailing_metadata = 5,
    call_headers = 6,
    call_trailers = 7,
};

pub const Buffer = enum(u32) {
    request_body = 0,
    response_body = 1,
    downstream_data = 2,
    upstream_data = 3,
    call_body = 4,
    grpc_message = 5,
    vm_configuration = 6,
    plugin_configuration = 7,
    foreign_arguments = 8,
};

/// What a callback for headers, trailers or data of a connection answers. `pause` waits for `continue_stream()`.
pub const Action = enum(u32) { go_on = 0, pause = 1 };

/// What a callback for a part of a body answers. `hold` keeps it: more of it comes with the next part.
pub const BodyAction = enum(u32) { go_on = 0, hold = 1, hold_to_watermark = 2, drop = 3 };

pub const Header = struct { name: []const u8, value: []const u8 };

const host = struct {
    extern "env" fn proxy_log(level: LogLevel, text: [*]const u8, size: usize) Status;
    extern "env" fn proxy_get_current_time_nanoseconds(now: *u64) Status;
    extern "env" fn proxy_set_tick_period_milliseconds(period: u32) Status;
    extern "env" fn proxy_set_effective_context(context: u32) Status;
    extern "env" fn proxy_continue_stream(stream: Stream) Status;
    extern "env" fn proxy_close_stream(stream: Stream) Status;
    extern "env" fn proxy_send_local_response(status: u32, details: [*]const u8, details_size: usize, body: [*]const u8, body_size: usize, headers: [*]const u8, headers_size: usize, grpc_status: i32) Status;
    extern "env" fn proxy_get_buffer_bytes(buffer: Buffer, start: usize, size: usize, bytes: *?[*]u8, bytes_size: *usize) Status;
    extern "env" fn proxy_set_buffer_bytes(buffer: Buffer, start: usize, size: usize, bytes: [*]const u8, bytes_size: usize) Status;
    extern "env" fn proxy_get_header_map_value(map: Map, name: [*]const u8, name_size: usize, value: *?[*]u8, value_size: *usize) Status;
    extern "env" fn proxy_add_header_map_value(map: Map, name: [*]const u8, name_size: usize, value: [*]const u8, value_size: usize) Status;
    extern "env" fn proxy_replace_header_map_value(map: Map, name: [*]const u8, name_size: usize, value: [*]const u8, value_size: usize) Status;
    extern "env" fn proxy_remove_header_map_value(map: Map, name: [*]const u8, name_size: usize) Status;
    extern "env" fn proxy_get_property(path: [*]const u8, path_size: usize, value: *?[*]u8, value_size: *usize) Status;
    extern "env" fn proxy_get_shared_data(key: [*]const u8, key_size: usize, value: *?[*]u8, value_size: *usize, cas: *u32) Status;
    extern "env" fn proxy_set_shared_data(key: [*]const u8, key_size: usize, value: [*]const u8, value_size: usize, cas: u32) Status;
    extern "env" fn proxy_http_call(upstream: [*]const u8, upstream_size: usize, headers: [*]const u8, headers_size: usize, body: [*]const u8, body_size: usize, trailers: [*]const u8, trailers_size: usize, timeout: u32, token: *u32) Status;
};

// By this, tools tell what the file was made with.
comptime {
    asm (
        \\.section .custom_section.weir.sdk.zig,"",@
        \\.ascii "0.1.0"
    );
}

pub const allocator = std.heap.wasm_allocator;

export fn proxy_abi_version_0_2_1() void {}

/// Memory for what the host hands over, which is the plugin's from then on.
export fn proxy_on_memory_allocate(size: usize) ?[*]u8 {
    const bytes = allocator.alloc(u8, size) catch return null;
    return bytes.ptr;
}

pub fn free(bytes: []const u8) void {
    allocator.free(bytes);
}

fn check(status: Status) Error!void {
    return switch (status) {
        .ok => {},
        .not_found => Error.NotFound,
        .cas_mismatch => Error.CasMismatch,
        .empty => Error.Empty,
        else => Error.Refused,
    };
}

/// Where the host writes what it hands over.
const Handed = struct {
    bytes: ?[*]u8 = null,
    size: usize = 0,

    fn slice(self: Handed) []u8 {
        return (self.bytes orelse return &.{})[0..self.size];
    }
};

/// A line in the host's log, formatted as by `std.fmt`.
pub fn log(level: LogLevel, comptime format: []const u8, arguments: anytype) void {
    const line = std.fmt.allocPrint(allocator, format, arguments) catch return;
    defer free(line);
    _ = host.proxy_log(level, line.ptr, line.len);
}

/// Nanoseconds since 1970.
pub fn now() u64 {
    var time: u64 = 0;
    _ = host.proxy_get_current_time_nanoseconds(&time);
    return time;
}

/// Has `proxy_on_tick` called so often; 0 ends that.
pub fn set_tick_period(milliseconds: u32) Error!void {
    return check(host.proxy_set_tick_period_milliseconds(milliseconds));
}

/// Has hostcalls speak of this stream, in a callback of the plugin itself, such as the answer to a call.
pub fn set_effective_context(context: u32) Error!void {
    return check(host.proxy_set_effective_context(context));
}

pub fn continue_stream(stream: Stream) Error!void {
    return check(host.proxy_continue_stream(stream));
}

pub fn close_stream(stream: Stream) Error!void {
    return check(host.proxy_close_stream(stream));
}

/// Answers a request in the upstream's place. The callback that calls this returns `pause`.
pub fn send_response(status: u32, headers: []const Header, body: []const u8) Error!void {
    const map = try serialized(headers);
    defer free(map);
    return check(host.proxy_send_local_response(status, "", 0, body.ptr, body.len, map.ptr, map.len, -1));
}

/// `size` bytes at most, from `start`.
pub fn buffer(which: Buffer, start: usize, size: usize) Error![]u8 {
    var handed = Handed{};
    try check(host.proxy_get_buffer_bytes(which, start, size, &handed.bytes, &handed.size));
    return handed.slice();
}

/// Puts `bytes` in the place of `size` bytes from `start`: (0, 0) is in front, (0, all of them) instead.
pub fn set_buffer(which: Buffer, start: usize, size: usize, bytes: []const u8) Error!void {
    return check(host.proxy_set_buffer_bytes(which, start, size, bytes.ptr, bytes.len));
}

/// The plugin's configuration, in `proxy_on_configure`, which is told its size.
pub fn configuration(size: usize) Error![]u8 {
    if (size == 0) return &.{};
    return buffer(.plugin_configuration, 0, size);
}

/// The first value of that name; empty where there is none.
pub fn header(map: Map, name: []const u8) []u8 {
    var handed = Handed{};
    check(host.proxy_get_header_map_value(map, name.ptr, name.len, &handed.bytes, &handed.size)) catch return &.{};
    return handed.slice();
}

/// Sets the one value of that name, whether or not there is one.
pub fn set_header(map: Map, name: []const u8, value: []const u8) Error!void {
    return check(host.proxy_replace_header_map_value(map, name.ptr, name.len, value.ptr, value.len));
}

pub fn add_header(map: Map, name: []const u8, value: []const u8) Error!void {
    return check(host.proxy_add_header_map_value(map, name.ptr, name.len, value.ptr, value.len));
}

pub fn remove_header(map: Map, name: []const u8) Error!void {
    return check(host.proxy_remove_header_map_value(map, name.ptr, name.len));
}

/// What the host knows of a stream or of the plugin, by steps: `property(&.{ "source", "address" })`.
pub fn property(steps: []const []const u8) Error![]u8 {
    const path = std.mem.join(allocator, "\x00", steps) catch return Error.OutOfMemory;
    defer free(path);
    var handed = Handed{};
    try check(host.proxy_get_property(path.ptr, path.len, &handed.bytes, &handed.size));
    return handed.slice();
}

/// `cas` is for the `set_shared_data()` that is to fail where another was quicker.
pub const Shared = struct { value: []u8, cas: u32 };

pub fn shared_data(key: []const u8) Error!Shared {
    var handed = Handed{};
    var cas: u32 = 0;
    try check(host.proxy_get_shared_data(key.ptr, key.len, &handed.bytes, &handed.size, &cas));
    return .{ .value = handed.slice(), .cas = cas };
}

/// `cas` 0 writes in any case.
pub fn set_shared_data(key: []const u8, value: []const u8, cas: u32) Error!void {
    return check(host.proxy_set_shared_data(key.ptr, key.len, value.ptr, value.len, cas));
}

/// Calls an upstream, by its name. The answer comes by `proxy_on_http_call_response` with this token, and is in the maps
/// and the buffer whose names begin with `call`.
pub fn http_call(upstream: []const u8, headers: []const Header, body: []const u8, timeout_milliseconds: u32) Error!u32 {
    const map = try serialized(headers);
    defer free(map);
    const trailers = try serialized(&.{});
    defer free(trailers);
    var token: u32 = 0;
    try check(host.proxy_http_call(upstream.ptr, upstream.len, map.ptr, map.len, body.ptr, body.len, trailers.ptr, trailers.len, timeout_milliseconds, &token));
    return token;
}

/// A header map as it crosses the ABI: how many there are, the sizes of names and values, then each of them with a zero
/// behind it.
fn serialized(headers: []const Header) Error![]u8 {
    var size: usize = 4;
    for (headers) |each| size += 8 + each.name.len + 1 + each.value.len + 1;
    const bytes = allocator.alloc(u8, size) catch return Error.OutOfMemory;
    std.mem.writeInt(u32, bytes[0..4], @intCast(headers.len), .little);
    var text = 4 + 8 * headers.len;
    for (headers, 0..) |each, i| {
        for ([_][]const u8{ each.name, each.value }, 0..) |part, j| {
            const at = 4 + 8 * i + 4 * j;
            std.mem.writeInt(u32, bytes[at..][0..4], @intCast(part.len), .little);
            @memcpy(bytes[text..][0..part.len], part);
            bytes[text + part.len] = 0;
            text += part.len + 1;
        }
    }
    return bytes;
}
