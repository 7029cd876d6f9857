// The SDK's code in one file, to be compiled with the plugin's own.

#include "sources.h"
