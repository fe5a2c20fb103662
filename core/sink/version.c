/* SPDX-License-Identifier: Apache-2.0 */
#include <outfall/outfall.h>

const char *outfall_version(void)
{
    return OUTFALL_VERSION_STRING;
}
