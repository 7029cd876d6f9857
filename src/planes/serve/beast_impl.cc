// The out-of-line part of Beast, compiled once for the whole plane.

#include <boost/beast/src.hpp>
