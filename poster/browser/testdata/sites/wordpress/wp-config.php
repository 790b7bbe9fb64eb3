<?php
// The configuration of the WordPress that a test starts for itself.
define('DB_NAME', 'blog');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:' . getenv('BLOG_SOCKET'));
define('DB_CHARSET', 'utf8mb4');
define('WP_SITEURL', getenv('BLOG_URL'));
define('WP_HOME', WP_SITEURL);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
$table_prefix = 'wp_';
require ABSPATH . 'wp-settings.php';
