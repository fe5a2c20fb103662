/* SPDX-License-Identifier: Apache-2.0 */
#include <outfall/row.h>

#include <string.h>

#include "row/text.h"

/*
 * The letters: Debezium's op is c, u, d, and r for a row that its snapshot has read
 * (https://debezium.io/documentation/reference/stable/connectors/postgresql.html, "Data change
 * events"); files of AWS DMS have I, U, D
 * (https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html).
 */
static const struct {
    const char *word;
    int kind;
} words[] = {
    {"insert", OUTFALL_ROW_INSERT}, {"update", OUTFALL_ROW_UPDATE}, {"delete", OUTFALL_ROW_DELETE},
    {"c", OUTFALL_ROW_INSERT},      {"u", OUTFALL_ROW_UPDATE},      {"d", OUTFALL_ROW_DELETE},
    {"i", OUTFALL_ROW_INSERT},      {"r", OUTFALL_ROW_INSERT},
};

int outfall_row_kind_from_name(const char *name, size_t length)
{
    for (size_t i = 0; name != NULL && i < sizeof words / sizeof words[0]; i++)
        if (of_text_is(name, length, words[i].word))
            return words[i].kind;
    return -1;
}
