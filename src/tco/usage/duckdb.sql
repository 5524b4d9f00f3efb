-- Written by `python -m tco.usage.expressions`; not edited by hand.
-- name: cells
SELECT
  CAST("t2"."model" AS TEXT) AS "model",
  "t2"."provider",
  "t2"."region",
  "t2"."service",
  "t2"."team",
  "t2"."project",
  "t2"."key",
  "t2"."tag",
  "t2"."t",
  "t2"."bucket_s",
  "t2"."longer_than",
  "t2"."only_cost",
  "t2"."tier",
  "t2"."failed",
  "t2"."stated",
  "t2"."unsplit",
  "t2"."uncounted",
  "t2"."unthought",
  "t2"."n",
  "t2"."input",
  "t2"."read",
  "t2"."write_5m",
  "t2"."write_1h",
  "t2"."write_30m",
  "t2"."write_12h",
  "t2"."write_unknown",
  "t2"."output",
  "t2"."reasoning",
  "t2"."usd_nano",
  "t2"."read_estimate",
  "t2"."searches",
  "t2"."image_input"
FROM (
  SELECT
    "t1"."model",
    "t1"."provider",
    "t1"."region",
    "t1"."service",
    "t1"."team",
    "t1"."project",
    "t1"."key",
    "t1"."tag",
    "t1"."t",
    "t1"."bucket_s",
    "t1"."longer_than",
    "t1"."only_cost",
    "t1"."tier",
    "t1"."failed",
    "t1"."stated",
    "t1"."unsplit",
    "t1"."uncounted",
    "t1"."unthought",
    CAST(SUM("t1"."n") AS BIGINT) AS "n",
    CAST(SUM("t1"."input") AS BIGINT) AS "input",
    CAST(SUM("t1"."read") AS BIGINT) AS "read",
    CAST(SUM("t1"."write_5m") AS BIGINT) AS "write_5m",
    CAST(SUM("t1"."write_1h") AS BIGINT) AS "write_1h",
    CAST(SUM("t1"."write_30m") AS BIGINT) AS "write_30m",
    CAST(SUM("t1"."write_12h") AS BIGINT) AS "write_12h",
    CAST(SUM("t1"."write_unknown") AS BIGINT) AS "write_unknown",
    CAST(SUM("t1"."output") AS BIGINT) AS "output",
    CAST(SUM("t1"."reasoning") AS BIGINT) AS "reasoning",
    CAST(SUM("t1"."usd_nano") AS BIGINT) AS "usd_nano",
    CAST(SUM("t1"."read_estimate") AS BIGINT) AS "read_estimate",
    CAST(SUM("t1"."searches") AS BIGINT) AS "searches",
    CAST(SUM("t1"."image_input") AS BIGINT) AS "image_input"
  FROM (
    SELECT
      "t0"."model",
      "t0"."provider",
      "t0"."region",
      "t0"."service",
      "t0"."team",
      "t0"."project",
      "t0"."key",
      "t0"."tag",
      CASE
        WHEN "t0"."bucket_s" > 86400
        THEN "t0"."t"
        ELSE "t0"."t" - (
          "t0"."t" % 86400
        )
      END AS "t",
      "t0"."bucket_s",
      "t0"."longer_than",
      "t0"."only_cost",
      {tier} AS "tier",
      "t0"."status" >= 400 AS "failed",
      "t0"."usd_nano" IS NOT NULL AS "stated",
      "t0"."read" IS NULL AS "unsplit",
      "t0"."n" IS NULL AS "uncounted",
      "t0"."reasoning" IS NULL AS "unthought",
      "t0"."n",
      "t0"."input",
      "t0"."read",
      "t0"."write_5m",
      "t0"."write_1h",
      "t0"."write_30m",
      "t0"."write_12h",
      "t0"."write_unknown",
      "t0"."output",
      "t0"."reasoning",
      "t0"."usd_nano",
      "t0"."read_estimate",
      "t0"."searches",
      "t0"."image_input"
    FROM "good" AS "t0"
  ) AS "t1"
  GROUP BY
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
    17,
    18
) AS "t2"
ORDER BY
  CAST("t2"."model" AS TEXT) ASC,
  "t2"."provider" ASC,
  "t2"."region" ASC,
  "t2"."service" ASC,
  "t2"."team" ASC,
  "t2"."project" ASC,
  "t2"."key" ASC,
  "t2"."tag" ASC,
  "t2"."t" ASC,
  "t2"."bucket_s" ASC,
  "t2"."longer_than" ASC,
  "t2"."only_cost" ASC,
  "t2"."tier" ASC,
  "t2"."failed" ASC,
  "t2"."stated" ASC,
  "t2"."unsplit" ASC,
  "t2"."uncounted" ASC,
  "t2"."unthought" ASC

-- name: cells_hourly
SELECT
  CAST("t2"."model" AS TEXT) AS "model",
  "t2"."provider",
  "t2"."region",
  "t2"."service",
  "t2"."team",
  "t2"."project",
  "t2"."key",
  "t2"."tag",
  "t2"."t",
  "t2"."bucket_s",
  "t2"."longer_than",
  "t2"."only_cost",
  "t2"."tier",
  "t2"."failed",
  "t2"."stated",
  "t2"."unsplit",
  "t2"."uncounted",
  "t2"."unthought",
  "t2"."n",
  "t2"."input",
  "t2"."read",
  "t2"."write_5m",
  "t2"."write_1h",
  "t2"."write_30m",
  "t2"."write_12h",
  "t2"."write_unknown",
  "t2"."output",
  "t2"."reasoning",
  "t2"."usd_nano",
  "t2"."read_estimate",
  "t2"."searches",
  "t2"."image_input"
FROM (
  SELECT
    "t1"."model",
    "t1"."provider",
    "t1"."region",
    "t1"."service",
    "t1"."team",
    "t1"."project",
    "t1"."key",
    "t1"."tag",
    "t1"."t",
    "t1"."bucket_s",
    "t1"."longer_than",
    "t1"."only_cost",
    "t1"."tier",
    "t1"."failed",
    "t1"."stated",
    "t1"."unsplit",
    "t1"."uncounted",
    "t1"."unthought",
    CAST(SUM("t1"."n") AS BIGINT) AS "n",
    CAST(SUM("t1"."input") AS BIGINT) AS "input",
    CAST(SUM("t1"."read") AS BIGINT) AS "read",
    CAST(SUM("t1"."write_5m") AS BIGINT) AS "write_5m",
    CAST(SUM("t1"."write_1h") AS BIGINT) AS "write_1h",
    CAST(SUM("t1"."write_30m") AS BIGINT) AS "write_30m",
    CAST(SUM("t1"."write_12h") AS BIGINT) AS "write_12h",
    CAST(SUM("t1"."write_unknown") AS BIGINT) AS "write_unknown",
    CAST(SUM("t1"."output") AS BIGINT) AS "output",
    CAST(SUM("t1"."reasoning") AS BIGINT) AS "reasoning",
    CAST(SUM("t1"."usd_nano") AS BIGINT) AS "usd_nano",
    CAST(SUM("t1"."read_estimate") AS BIGINT) AS "read_estimate",
    CAST(SUM("t1"."searches") AS BIGINT) AS "searches",
    CAST(SUM("t1"."image_input") AS BIGINT) AS "image_input"
  FROM (
    SELECT
      "t0"."model",
      "t0"."provider",
      "t0"."region",
      "t0"."service",
      "t0"."team",
      "t0"."project",
      "t0"."key",
      "t0"."tag",
      CASE
        WHEN "t0"."bucket_s" > 86400
        THEN "t0"."t"
        ELSE CASE
          WHEN "t0"."model" IN ({hourly})
          THEN "t0"."t" - (
            "t0"."t" % 3600
          )
          ELSE "t0"."t" - (
            "t0"."t" % 86400
          )
        END
      END AS "t",
      "t0"."bucket_s",
      "t0"."longer_than",
      "t0"."only_cost",
      {tier} AS "tier",
      "t0"."status" >= 400 AS "failed",
      "t0"."usd_nano" IS NOT NULL AS "stated",
      "t0"."read" IS NULL AS "unsplit",
      "t0"."n" IS NULL AS "uncounted",
      "t0"."reasoning" IS NULL AS "unthought",
      "t0"."n",
      "t0"."input",
      "t0"."read",
      "t0"."write_5m",
      "t0"."write_1h",
      "t0"."write_30m",
      "t0"."write_12h",
      "t0"."write_unknown",
      "t0"."output",
      "t0"."reasoning",
      "t0"."usd_nano",
      "t0"."read_estimate",
      "t0"."searches",
      "t0"."image_input"
    FROM "good" AS "t0"
  ) AS "t1"
  GROUP BY
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
    17,
    18
) AS "t2"
ORDER BY
  CAST("t2"."model" AS TEXT) ASC,
  "t2"."provider" ASC,
  "t2"."region" ASC,
  "t2"."service" ASC,
  "t2"."team" ASC,
  "t2"."project" ASC,
  "t2"."key" ASC,
  "t2"."tag" ASC,
  "t2"."t" ASC,
  "t2"."bucket_s" ASC,
  "t2"."longer_than" ASC,
  "t2"."only_cost" ASC,
  "t2"."tier" ASC,
  "t2"."failed" ASC,
  "t2"."stated" ASC,
  "t2"."unsplit" ASC,
  "t2"."uncounted" ASC,
  "t2"."unthought" ASC

-- name: inputs
SELECT
  CAST("t2"."model" AS TEXT) AS "model",
  "t2"."service",
  "t2"."k",
  "t2"."n",
  "t2"."output",
  "t2"."read",
  "t2"."write_5m",
  "t2"."write_1h",
  "t2"."write_30m",
  "t2"."write_12h",
  "t2"."write_unknown",
  "t2"."reasoning"
FROM (
  SELECT
    "t1"."model",
    "t1"."service",
    "t1"."k",
    CAST(SUM("t1"."n") AS BIGINT) AS "n",
    CAST(SUM("t1"."output") AS BIGINT) AS "output",
    CAST(SUM("t1"."read") AS BIGINT) AS "read",
    CAST(SUM("t1"."write_5m") AS BIGINT) AS "write_5m",
    CAST(SUM("t1"."write_1h") AS BIGINT) AS "write_1h",
    CAST(SUM("t1"."write_30m") AS BIGINT) AS "write_30m",
    CAST(SUM("t1"."write_12h") AS BIGINT) AS "write_12h",
    CAST(SUM("t1"."write_unknown") AS BIGINT) AS "write_unknown",
    CAST(SUM("t1"."reasoning") AS BIGINT) AS "reasoning"
  FROM (
    SELECT
      "t0"."model",
      CASE
        WHEN COALESCE("t0"."region", '') = ''
        THEN COALESCE("t0"."service", 'standard')
        ELSE COALESCE("t0"."service", 'standard') || '@' || COALESCE("t0"."region", '')
      END AS "service",
      ABS("t0"."input") AS "k",
      "t0"."n",
      "t0"."output",
      "t0"."read",
      "t0"."write_5m",
      "t0"."write_1h",
      "t0"."write_30m",
      "t0"."write_12h",
      "t0"."write_unknown",
      "t0"."reasoning"
    FROM "good" AS "t0"
    WHERE
      "t0"."bucket_s" = 0
      AND NOT (
        COALESCE("t0"."only_cost", FALSE)
      )
      AND "t0"."status" < 400
  ) AS "t1"
  GROUP BY
    1,
    2,
    3
) AS "t2"
ORDER BY
  CAST("t2"."model" AS TEXT) ASC,
  "t2"."service" ASC,
  "t2"."k" ASC

-- name: outputs
SELECT
  CAST("t2"."model" AS TEXT) AS "model",
  "t2"."k",
  "t2"."n"
FROM (
  SELECT
    "t1"."model",
    "t1"."k",
    CAST(SUM("t1"."n") AS BIGINT) AS "n"
  FROM (
    SELECT
      "t0"."model",
      ABS("t0"."output") AS "k",
      "t0"."n"
    FROM "good" AS "t0"
    WHERE
      "t0"."bucket_s" = 0
      AND NOT (
        COALESCE("t0"."only_cost", FALSE)
      )
      AND "t0"."status" < 400
  ) AS "t1"
  GROUP BY
    1,
    2
) AS "t2"
ORDER BY
  CAST("t2"."model" AS TEXT) ASC,
  "t2"."k" ASC

-- name: tens
SELECT
  CAST("t2"."model" AS TEXT) AS "model",
  "t2"."t",
  "t2"."n"
FROM (
  SELECT
    "t1"."model",
    "t1"."t",
    CAST(SUM("t1"."n") AS BIGINT) AS "n"
  FROM (
    SELECT
      "t0"."model",
      "t0"."t" - (
        "t0"."t" % 10
      ) AS "t",
      "t0"."n"
    FROM "seconds" AS "t0"
  ) AS "t1"
  GROUP BY
    1,
    2
) AS "t2"
ORDER BY
  CAST("t2"."model" AS TEXT) ASC,
  "t2"."t" ASC

-- name: busiest
SELECT
  *
FROM (
  SELECT
    "t0"."model",
    CAST(MAX("t0"."n") AS BIGINT) AS "n"
  FROM "seconds" AS "t0"
  GROUP BY
    1
) AS "t1"
UNION ALL
SELECT
  *
FROM (
  SELECT
    '' AS "model",
    "t3"."n"
  FROM (
    SELECT
      CAST(MAX("t2"."n") AS BIGINT) AS "n"
    FROM (
      SELECT
        "t0"."t",
        CAST(SUM("t0"."n") AS BIGINT) AS "n"
      FROM "seconds" AS "t0"
      GROUP BY
        1
    ) AS "t2"
  ) AS "t3"
) AS "t4"

-- name: ends
SELECT
  CAST("t2"."model" AS TEXT) AS "model",
  "t2"."t",
  "t2"."n"
FROM (
  SELECT
    "t1"."model",
    "t1"."t",
    CAST(SUM("t1"."n") AS BIGINT) AS "n"
  FROM (
    SELECT
      "t0"."model",
      "t0"."e" - (
        "t0"."e" % 10
      ) AS "t",
      "t0"."n"
    FROM "good" AS "t0"
    WHERE
      "t0"."bucket_s" = 0
      AND NOT (
        COALESCE("t0"."only_cost", FALSE)
      )
      AND "t0"."t" IS NOT NULL
      AND "t0"."e" IS NOT NULL
  ) AS "t1"
  GROUP BY
    1,
    2
) AS "t2"
ORDER BY
  CAST("t2"."model" AS TEXT) ASC,
  "t2"."t" ASC

-- name: ends_200
SELECT
  CAST("t2"."model" AS TEXT) AS "model",
  "t2"."t",
  "t2"."n"
FROM (
  SELECT
    "t1"."model",
    "t1"."t",
    CAST(SUM("t1"."n") AS BIGINT) AS "n"
  FROM (
    SELECT
      "t0"."model",
      (
        (
          CAST("t0"."t" AS BIGINT) * 80000
        ) + (
          CAST(ABS("t0"."output") AS BIGINT) * 400
        ) + ABS("t0"."input" - COALESCE("t0"."read", 0))
      ) - (
        (
          (
            CAST("t0"."t" AS BIGINT) * 80000
          ) + (
            CAST(ABS("t0"."output") AS BIGINT) * 400
          ) + ABS("t0"."input" - COALESCE("t0"."read", 0))
        ) % 800000
      ) AS "t",
      "t0"."n"
    FROM "good" AS "t0"
    WHERE
      "t0"."bucket_s" = 0
      AND NOT (
        COALESCE("t0"."only_cost", FALSE)
      )
      AND "t0"."t" IS NOT NULL
  ) AS "t1"
  GROUP BY
    1,
    2
) AS "t2"
ORDER BY
  CAST("t2"."model" AS TEXT) ASC,
  "t2"."t" ASC

-- name: ends_50
SELECT
  CAST("t2"."model" AS TEXT) AS "model",
  "t2"."t",
  "t2"."n"
FROM (
  SELECT
    "t1"."model",
    "t1"."t",
    CAST(SUM("t1"."n") AS BIGINT) AS "n"
  FROM (
    SELECT
      "t0"."model",
      (
        (
          CAST("t0"."t" AS BIGINT) * 20000
        ) + (
          CAST(ABS("t0"."output") AS BIGINT) * 400
        ) + ABS("t0"."input" - COALESCE("t0"."read", 0))
      ) - (
        (
          (
            CAST("t0"."t" AS BIGINT) * 20000
          ) + (
            CAST(ABS("t0"."output") AS BIGINT) * 400
          ) + ABS("t0"."input" - COALESCE("t0"."read", 0))
        ) % 200000
      ) AS "t",
      "t0"."n"
    FROM "good" AS "t0"
    WHERE
      "t0"."bucket_s" = 0
      AND NOT (
        COALESCE("t0"."only_cost", FALSE)
      )
      AND "t0"."t" IS NOT NULL
  ) AS "t1"
  GROUP BY
    1,
    2
) AS "t2"
ORDER BY
  CAST("t2"."model" AS TEXT) ASC,
  "t2"."t" ASC

-- name: ends_10
SELECT
  CAST("t2"."model" AS TEXT) AS "model",
  "t2"."t",
  "t2"."n"
FROM (
  SELECT
    "t1"."model",
    "t1"."t",
    CAST(SUM("t1"."n") AS BIGINT) AS "n"
  FROM (
    SELECT
      "t0"."model",
      (
        (
          CAST("t0"."t" AS BIGINT) * 4000
        ) + (
          CAST(ABS("t0"."output") AS BIGINT) * 400
        ) + ABS("t0"."input" - COALESCE("t0"."read", 0))
      ) - (
        (
          (
            CAST("t0"."t" AS BIGINT) * 4000
          ) + (
            CAST(ABS("t0"."output") AS BIGINT) * 400
          ) + ABS("t0"."input" - COALESCE("t0"."read", 0))
        ) % 40000
      ) AS "t",
      "t0"."n"
    FROM "good" AS "t0"
    WHERE
      "t0"."bucket_s" = 0
      AND NOT (
        COALESCE("t0"."only_cost", FALSE)
      )
      AND "t0"."t" IS NOT NULL
  ) AS "t1"
  GROUP BY
    1,
    2
) AS "t2"
ORDER BY
  CAST("t2"."model" AS TEXT) ASC,
  "t2"."t" ASC

-- name: reuse
SELECT
  CAST("t6"."model" AS TEXT) AS "model",
  "t6"."gap",
  "t6"."tokens"
FROM (
  SELECT
    "t5"."model",
    "t5"."gap",
    CAST(SUM("t5"."tokens") AS BIGINT) AS "tokens"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t3"."model",
        CAST(CASE
          WHEN "t3"."gap" <= 1
          THEN 1
          WHEN "t3"."gap" <= 10
          THEN 10
          WHEN "t3"."gap" <= 30
          THEN 30
          WHEN "t3"."gap" <= 100
          THEN 100
          WHEN "t3"."gap" <= 300
          THEN 300
          WHEN "t3"."gap" <= 1000
          THEN 1000
          WHEN "t3"."gap" <= 3600
          THEN 3600
          WHEN "t3"."gap" <= 86400
          THEN 86400
          ELSE 0
        END AS BIGINT) AS "gap",
        CASE WHEN "t3"."given" < "t3"."had" THEN "t3"."given" ELSE "t3"."had" END AS "tokens"
      FROM (
        SELECT
          "t2"."model",
          CAST("t2"."input" AS BIGINT) AS "given",
          "t2"."t" - LAG("t2"."t") OVER (
            PARTITION BY "t2"."model", "t2"."session"
            ORDER BY "t2"."t" ASC, "t2"."input" ASC, "t2"."output" ASC
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
          ) AS "gap",
          LAG(CAST("t2"."input" AS BIGINT) + "t2"."output") OVER (
            PARTITION BY "t2"."model", "t2"."session"
            ORDER BY "t2"."t" ASC, "t2"."input" ASC, "t2"."output" ASC
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
          ) AS "had"
        FROM (
          SELECT
            *
          FROM "good" AS "t0"
          WHERE
            "t0"."bucket_s" = 0
            AND NOT (
              COALESCE("t0"."only_cost", FALSE)
            )
            AND "t0"."t" IS NOT NULL
            AND "t0"."session" IS NOT NULL
            AND "t0"."n" > 0
        ) AS "t2"
      ) AS "t3"
      WHERE
        "t3"."gap" IS NOT NULL
    ) AS "t4"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        "t0"."model",
        CAST(1 AS BIGINT) AS "gap",
        CAST("t0"."input" AS BIGINT) AS "tokens"
      FROM "good" AS "t0"
      WHERE
        "t0"."bucket_s" = 0
        AND NOT (
          COALESCE("t0"."only_cost", FALSE)
        )
        AND "t0"."t" IS NOT NULL
        AND "t0"."session" IS NOT NULL
        AND "t0"."n" < 0
    ) AS "t1"
  ) AS "t5"
  GROUP BY
    1,
    2
) AS "t6"
WHERE
  "t6"."tokens" <> 0
ORDER BY
  CAST("t6"."model" AS TEXT) ASC,
  "t6"."gap" ASC

-- name: span
SELECT
  CAST(COALESCE(SUM("t1"."n"), 0) AS BIGINT) AS "calls",
  CAST(COALESCE(SUM("t1"."n") FILTER(WHERE
    "t1"."t" IS NOT NULL), 0) AS BIGINT) AS "timed",
  CAST(COALESCE(SUM("t1"."n") FILTER(WHERE
    "t1"."e" IS NOT NULL), 0) AS BIGINT) AS "ends",
  CAST(COALESCE(SUM("t1"."n") FILTER(WHERE
    "t1"."session" IS NOT NULL), 0) AS BIGINT) AS "sessions",
  MIN("t1"."t") AS "first",
  MAX("t1"."t") AS "last"
FROM (
  SELECT
    *
  FROM "good" AS "t0"
  WHERE
    "t0"."bucket_s" = 0 AND NOT (
      COALESCE("t0"."only_cost", FALSE)
    )
) AS "t1"

-- name: seconds
SELECT
  "t1"."model",
  "t1"."t",
  CAST(SUM("t1"."n") AS INT) AS "n"
FROM (
  SELECT
    "t0"."model",
    "t0"."t",
    "t0"."n"
  FROM "good" AS "t0"
  WHERE
    "t0"."bucket_s" = 0
    AND NOT (
      COALESCE("t0"."only_cost", FALSE)
    )
    AND "t0"."t" IS NOT NULL
) AS "t1"
GROUP BY
  1,
  2

-- name: each_begun
SELECT
  "t0"."model",
  "t0"."t",
  "t0"."n"
FROM "good" AS "t0"
WHERE
  "t0"."bucket_s" = 0
  AND NOT (
    COALESCE("t0"."only_cost", FALSE)
  )
  AND "t0"."t" IS NOT NULL

-- name: each_ends
SELECT
  "t0"."model",
  "t0"."e" - (
    "t0"."e" % 10
  ) AS "t",
  "t0"."n"
FROM "good" AS "t0"
WHERE
  "t0"."bucket_s" = 0
  AND NOT (
    COALESCE("t0"."only_cost", FALSE)
  )
  AND "t0"."t" IS NOT NULL
  AND "t0"."e" IS NOT NULL

-- name: each_ends_200
SELECT
  "t0"."model",
  (
    (
      CAST("t0"."t" AS BIGINT) * 80000
    ) + (
      CAST(ABS("t0"."output") AS BIGINT) * 400
    ) + ABS("t0"."input" - COALESCE("t0"."read", 0))
  ) - (
    (
      (
        CAST("t0"."t" AS BIGINT) * 80000
      ) + (
        CAST(ABS("t0"."output") AS BIGINT) * 400
      ) + ABS("t0"."input" - COALESCE("t0"."read", 0))
    ) % 800000
  ) AS "t",
  "t0"."n"
FROM "good" AS "t0"
WHERE
  "t0"."bucket_s" = 0
  AND NOT (
    COALESCE("t0"."only_cost", FALSE)
  )
  AND "t0"."t" IS NOT NULL

-- name: each_ends_50
SELECT
  "t0"."model",
  (
    (
      CAST("t0"."t" AS BIGINT) * 20000
    ) + (
      CAST(ABS("t0"."output") AS BIGINT) * 400
    ) + ABS("t0"."input" - COALESCE("t0"."read", 0))
  ) - (
    (
      (
        CAST("t0"."t" AS BIGINT) * 20000
      ) + (
        CAST(ABS("t0"."output") AS BIGINT) * 400
      ) + ABS("t0"."input" - COALESCE("t0"."read", 0))
    ) % 200000
  ) AS "t",
  "t0"."n"
FROM "good" AS "t0"
WHERE
  "t0"."bucket_s" = 0
  AND NOT (
    COALESCE("t0"."only_cost", FALSE)
  )
  AND "t0"."t" IS NOT NULL

-- name: each_ends_10
SELECT
  "t0"."model",
  (
    (
      CAST("t0"."t" AS BIGINT) * 4000
    ) + (
      CAST(ABS("t0"."output") AS BIGINT) * 400
    ) + ABS("t0"."input" - COALESCE("t0"."read", 0))
  ) - (
    (
      (
        CAST("t0"."t" AS BIGINT) * 4000
      ) + (
        CAST(ABS("t0"."output") AS BIGINT) * 400
      ) + ABS("t0"."input" - COALESCE("t0"."read", 0))
    ) % 40000
  ) AS "t",
  "t0"."n"
FROM "good" AS "t0"
WHERE
  "t0"."bucket_s" = 0
  AND NOT (
    COALESCE("t0"."only_cost", FALSE)
  )
  AND "t0"."t" IS NOT NULL

-- name: over
CAST(CASE WHEN ( "t0"."bucket_s" = 0 ) OR ( COALESCE("t0"."n", 0) < 1 ) THEN ABS("t0"."input") ELSE ( ( ABS("t0"."input") - ( COALESCE("t0"."n", 0) * {edge} ) ) - COALESCE("t0"."n", 0) ) + {edge} + 1 END > {edge} AS INT)
