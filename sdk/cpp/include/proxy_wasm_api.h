#pragma once
// The C++ interface over the ABI, in parts.

#include "weir_sdk/calls.h"
#include "weir_sdk/contexts.h"
#include "weir_sdk/data.h"
#include "weir_sdk/earlier_abi.h"
#include "weir_sdk/hashes.h"
#include "weir_sdk/headers.h"
#include "weir_sdk/log.h"
#include "weir_sdk/metrics.h"
#include "weir_sdk/properties.h"
#include "weir_sdk/shared.h"
#include "weir_sdk/streams.h"
