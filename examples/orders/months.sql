SELECT
    DATE_TRUNC('month', occurred_at)::DATE AS month,
    COUNT(*) AS orders,
    SUM(properties.value::DECIMAL(12, 2)) AS dollars
FROM events
WHERE topic = 'metric.placed_order'
GROUP BY 1
ORDER BY 1
