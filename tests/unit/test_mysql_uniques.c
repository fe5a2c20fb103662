/* SPDX-License-Identifier: Apache-2.0 */
/* The MySQL driver's look at SHOW CREATE TABLE: are the unique indexes those it knew? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mysql/uniques.h"

#define HEAD                                                                                       \
    "CREATE TABLE `t` (\n  `id` bigint(20) NOT NULL,\n  `UNIQUE KEY ` int(11) DEFAULT NULL,\n"
#define PRIMARY "  PRIMARY KEY (`id`)"
#define OTHER "  UNIQUE KEY `other` (`a`,`b`)"
#define TAIL "\n) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4"

static void only_unique_indexes_matter(void **state)
{
    static const struct {
        const char *why, *before, *after;
        bool same;
    } cases[] = {
        {"nothing changed", HEAD PRIMARY TAIL, HEAD PRIMARY TAIL, true},
        {"rows came", HEAD PRIMARY TAIL, HEAD PRIMARY "\n) ENGINE=InnoDB AUTO_INCREMENT=8", true},
        {"a plain index came, and with it a comma", HEAD PRIMARY TAIL,
         HEAD PRIMARY ",\n  KEY `a` (`a`)" TAIL, true},
        {"a unique one came", HEAD PRIMARY TAIL, HEAD PRIMARY ",\n" OTHER TAIL, false},
        {"one on an expression came", HEAD PRIMARY TAIL,
         HEAD PRIMARY ",\n  UNIQUE KEY `e` ((`a` + 1))" TAIL, false},
        {"it went", HEAD PRIMARY ",\n" OTHER TAIL, HEAD PRIMARY TAIL, false},
        {"the primary key went", HEAD PRIMARY ",\n" OTHER TAIL, HEAD OTHER TAIL, false},
        {"it has a column more", HEAD PRIMARY ",\n" OTHER TAIL,
         HEAD PRIMARY ",\n  UNIQUE KEY `other` (`a`,`b`,`c`)" TAIL, false},
        {"it has a column less", HEAD PRIMARY ",\n" OTHER TAIL,
         HEAD PRIMARY ",\n  UNIQUE KEY `other` (`a`)" TAIL, false},
        {"only a part of the column", HEAD PRIMARY ",\n" OTHER TAIL,
         HEAD PRIMARY ",\n  UNIQUE KEY `other` (`a`(3),`b`)" TAIL, false},
        {"a plain one instead", HEAD PRIMARY ",\n" OTHER TAIL,
         HEAD PRIMARY ",\n  KEY `other` (`a`,`b`)" TAIL, false},
        {"none, and still none", HEAD TAIL, HEAD TAIL, true},
        {"the answer is no table's", HEAD PRIMARY TAIL, "", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        drv_text uniques = {0};
        drv_text_add(&uniques, "");
        drv_my_uniques_add(&uniques, cases[i].before);
        assert_false(uniques.failed);
        if (drv_my_uniques_are(cases[i].after, uniques.data) != cases[i].same)
            fail_msg("%s", cases[i].why);
        drv_text_free(&uniques);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_unique_indexes_matter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
