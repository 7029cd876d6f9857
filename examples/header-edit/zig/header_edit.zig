//! Marks every request and response that passes, and logs the request line: a plugin against the raw ABI, in one file
//! without an SDK; see ../README.md.

const std = @import("std");

const Status = enum(u32) { ok = 0, not_found = 1, _ };
const MapType = enum(u32) { request_headers = 0, response_headers = 2 };
const BufferType = enum(u32) { plugin_configuration = 7 };
const LogLevel = enum(u32) { info = 2, err = 4 };
const Action = enum(u32) { go_on = 0 };

// What the host offers. Names and types are those of Proxy-Wasm 0.2.1.
extern "env" fn proxy_log(level: LogLevel, text: [*]const u8, size: usize) Status;
extern "env" fn proxy_get_buffer_bytes(
    buffer: BufferType,
    start: usize,
    size: usize,
    bytes: *?[*]u8,
    bytes_size: *usize,
) Status;
extern "env" fn proxy_get_header_map_value(
    map: MapType,
    name: [*]const u8,
    name_size: usize,
    value: *?[*]u8,
    value_size: *usize,
) Status;
extern "env" fn proxy_replace_header_map_value(
    map: MapType,
    name: [*]const u8,
    name_size: usize,
    value: [*]const u8,
    value_size: usize,
) Status;

const allocator = std.heap.wasm_allocator;
const header = "x-weir-plugin";

// One instance runs on one thread, and serves one plugin configuration.
var value: []const u8 = "header-edit";

// What the host hands over is memory of ours, which it asks for here.
export fn proxy_on_memory_allocate(size: usize) ?[*]u8 {
    const bytes = allocator.alloc(u8, size) catch return null;
    return bytes.ptr;
}

export fn proxy_abi_version_0_2_1() void {}
export fn proxy_on_context_create(_: u32, _: u32) void {}
export fn proxy_on_vm_start(_: u32, _: u32) u32 {
    return 1;
}

export fn proxy_on_configure(_: u32, size: u32) u32 {
    var bytes: ?[*]u8 = null;
    var got: usize = 0;
    if (size == 0) return 1;
    if (proxy_get_buffer_bytes(.plugin_configuration, 0, size, &bytes, &got) != .ok) return 0;
    // Stays for the life of the instance.
    const text = (bytes orelse return 0)[0..got];
    value = std.mem.trim(u8, text, " \t\r\n");
    return 1;
}

/// The caller frees it; empty where there is none.
fn request_header(name: []const u8) []u8 {
    var bytes: ?[*]u8 = null;
    var size: usize = 0;
    const status =
        proxy_get_header_map_value(.request_headers, name.ptr, name.len, &bytes, &size);
    if (status != .ok) return &.{};
    return (bytes orelse return &.{})[0..size];
}

fn mark(map: MapType) void {
    if (proxy_replace_header_map_value(map, header, header.len, value.ptr, value.len) != .ok) {
        log(.err, "the header cannot be set");
    }
}

fn log(level: LogLevel, text: []const u8) void {
    _ = proxy_log(level, text.ptr, text.len);
}

export fn proxy_on_request_headers(_: u32, _: u32, _: u32) Action {
    const method = request_header(":method");
    defer allocator.free(method);
    const path = request_header(":path");
    defer allocator.free(path);
    if (std.fmt.allocPrint(allocator, "{s} {s}", .{ method, path })) |line| {
        defer allocator.free(line);
        log(.info, line);
    } else |_| {
        log(.err, "out of memory");
    }
    mark(.request_headers);
    return .go_on;
}

export fn proxy_on_response_headers(_: u32, _: u32, _: u32) Action {
    mark(.response_headers);
    return .go_on;
}
