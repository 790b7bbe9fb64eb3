<?php
// Makes the blog and its authors: argument 1 is where WordPress is, 2 their
// password, and all others are their names.
[, $root, $password] = $argv;
$authors = array_slice($argv, 3);
$_SERVER['HTTP_HOST'] = parse_url(getenv('BLOG_URL'), PHP_URL_HOST);
mysqli_query(mysqli_connect('localhost', 'root', '', '', 0, getenv('BLOG_SOCKET')), 'CREATE DATABASE blog');
define('WP_INSTALLING', true);
require "$root/wp-load.php";
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('A blog', 'admin', 'admin@example.org', true, '', $password);
foreach ($authors as $name) {
    wp_insert_user(['user_login' => $name, 'user_pass' => $password, 'user_email' => "$name@example.org", 'role' => 'author']);
}
// Makes the directory of this month, for which two first photos that come at
// the same time would fight, and one of them be refused.
wp_upload_dir();
