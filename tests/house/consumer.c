/* SPDX-License-Identifier: Apache-2.0 */
/* A program outside the tree, in what C and C++ have in common: ten rows into argv[1]. */
#include <stdio.h>

#include <outfall/driver.h>
#include <outfall/outfall.h>

int main(int argc, char **argv)
{
    outfall_error error;
    outfall_schema *schema = NULL;
    outfall_sink *sink = NULL;
    outfall_writer *writer = NULL;
    int id;
    int status = argc == 2 ? outfall_schema_new(&schema, &error) : OUTFALL_ERR_INVALID;
    if (status == OUTFALL_OK)
        status = outfall_schema_parse(schema, "id int64 primary key, name text", &error);
    if (status == OUTFALL_OK)
        status = outfall_sink_open(argv[1], "rows", schema, NULL, &sink, &error);
    if (status == OUTFALL_OK)
        status = outfall_writer_open(sink, "consumer", &writer, &error);
    for (id = 0; status == OUTFALL_OK && id < 10; id++) {
        if ((status = outfall_put_int64(writer, id, &error)) == OUTFALL_OK &&
            (status = outfall_put_text(writer, "row", 3, &error)) == OUTFALL_OK)
            status = outfall_row_end(writer, 0, &error);
    }
    if (status == OUTFALL_OK)
        status = outfall_close(sink, 10000, NULL, NULL, &error);
    if (status != OUTFALL_OK)
        fprintf(stderr, "%s: %s\n", outfall_status_name(status), error.message);
    outfall_schema_free(schema);
    printf("%s\n", outfall_version());
    return status == OUTFALL_OK ? 0 : 1;
}
