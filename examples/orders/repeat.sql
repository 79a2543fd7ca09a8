WITH customers AS (
    SELECT profile_id, COUNT(*) AS orders
    FROM events
    WHERE topic = 'metric.placed_order'
    GROUP BY profile_id
)
SELECT
    COUNT(*) AS customers,
    SUM(CASE WHEN orders > 1 THEN 1 ELSE 0 END) AS came_back
FROM customers
