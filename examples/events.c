/* SPDX-License-Identifier: Apache-2.0 */
#include <outfall/outfall.h>

int main(void)
{
    const char *url = "sqlite:events.db?outfall.create=if-missing";
    outfall_error error;
    outfall_schema *schema = NULL;
    outfall_sink *sink = NULL;
    outfall_writer *writer = NULL;
    int status = outfall_schema_new(&schema, &error);
    if (status == OUTFALL_OK)
        status = outfall_schema_parse(schema, "id int64 primary key, name text", &error);
    if (status == OUTFALL_OK)
        status = outfall_sink_open(url, "events", schema, NULL, &sink, &error);
    if (status == OUTFALL_OK)
        status = outfall_writer_open(sink, NULL, &writer, &error);
    for (int id = 0; id < 100000 && status == OUTFALL_OK; id++) {
        if ((status = outfall_put_int64(writer, id, &error)) == OUTFALL_OK &&
            (status = outfall_put_text(writer, "hello", 5, &error)) == OUTFALL_OK)
            status = outfall_row_end(writer, 0, &error);
    }
    if (status == OUTFALL_OK) /* Returns once every row is durable. */
        status = outfall_close(sink, 10000, NULL, NULL, &error);
    outfall_schema_free(schema);
    return status == OUTFALL_OK ? 0 : (fprintf(stderr, "%s\n", error.message), 1);
}
