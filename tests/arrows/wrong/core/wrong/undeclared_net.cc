#include "net/fd.h"
