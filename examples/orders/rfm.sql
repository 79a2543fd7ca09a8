WITH customers AS (
    SELECT
        profile_id,
        MAX(occurred_at) AS latest,
        COUNT(*) AS orders,
        SUM(properties.value::DECIMAL(12, 2)) AS dollars
    FROM events
    WHERE topic = 'metric.placed_order'
    GROUP BY profile_id
), codes AS (
    SELECT
        dollars,
        1 + FLOOR(5.0 * (RANK() OVER (ORDER BY latest) - 1) / COUNT(*) OVER ()) AS recency,
        1 + FLOOR(5.0 * (RANK() OVER (ORDER BY orders) - 1) / COUNT(*) OVER ()) AS frequency,
        1 + FLOOR(5.0 * (RANK() OVER (ORDER BY dollars) - 1) / COUNT(*) OVER ()) AS monetary
    FROM customers
)
SELECT
    CAST(100 * recency + 10 * frequency + monetary AS INTEGER) AS rfm,
    COUNT(*) AS customers,
    SUM(dollars) AS dollars
FROM codes
GROUP BY 1
ORDER BY 1 DESC
