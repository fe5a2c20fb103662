/* SPDX-License-Identifier: Apache-2.0 */
#include "dictionary.h"

static const char *const VIEWS[] = {
    "dual",
    "all_objects",
    "all_users",
    "dba_pending_transactions",
    "all_tab_cols",
    "all_tab_identity_cols",
    "all_indexes",
    "all_ind_columns",
    "all_constraints",
    "all_cons_columns",
};

static int is_view(const struct sti_reader *reader)
{
    for (size_t i = 0; i < sizeof VIEWS / sizeof VIEWS[0]; i++)
        if (sti_reader_at(reader, VIEWS[i]))
            return 1;
    return 0;
}

int sti_dictionary_read(struct sti_reader *reader)
{
    static const struct sti_name no_column = {""};
    int views = 0, after_from = 0;
    while (reader->token.kind != STI_TOKEN_END) {
        if (reader->token.kind == STI_TOKEN_QUOTED)
            return sti_fail(reader->failure, STI_REFUSED, "a SELECT that reads rows");
        if (after_from && !is_view(reader))
            return sti_fail(reader->failure, 942, "%s", "");
        views += after_from;
        after_from = sti_reader_at(reader, "FROM") || sti_reader_at(reader, "JOIN");
        int status = reader->token.kind == STI_TOKEN_PARAM
                         ? sti_reader_parameter(reader, &no_column, 0)
                         : sti_reader_step(reader);
        if (status != 0)
            return -1;
    }
    return views ? 0 : sti_fail(reader->failure, 923, "%s", "");
}
