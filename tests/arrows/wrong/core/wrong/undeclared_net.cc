#include "net/limits.h"
