<?php

/**
 * The panel's service page for a browser, behind PHP's own web server: the view
 * as Blade makes it, in the theme's colours, and stand-in.js where Livewire's
 * script would be. `GET /?service=1&extension=ProvisorSites&view=site`, or a page that an
 * extension has routes for: `GET /dns?customer=1`.
 */

declare(strict_types=1);

use Provisor\Tests\Harness\Page;
use Provisor\Tests\Harness\Panel;

require __DIR__ . '/bootstrap.php';

$order = array_merge([
    'extension' => 'ProvisorSites',
    'view' => 'site',
    'locale' => 'en',
    'theme' => '',
    'customer' => '1',
], $_GET);
Panel::speak((string) $order['locale']);
$path = (string) parse_url((string) $_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path === '/') {
    $service = Panel::order((int) $order['service'], (string) $order['extension'], [], ['plan' => 'basic']);
} else {
    Panel::signIn((int) $order['customer']);
    Panel::install('ProvisorDns');
}

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $request = json_decode((string) file_get_contents('php://input'), true, 16, JSON_THROW_ON_ERROR);
    $page = Page::resume($request['name'], $request['state'])->fill($request['typed']);
    $request['method'] === null ? $page->refresh() : $page->call($request['method'], ...$request['arguments']);
    header('Content-Type: application/json');
    echo json_encode([
        'html' => $page->document,
        'state' => $page->state(),
        'notices' => $page->notices,
        'redirect' => $page->redirect,
        'download' => $page->download,
    ], JSON_THROW_ON_ERROR);
    return;
}
$page = $path === '/' ? Page::open($service, (string) $order['view']) : Page::visit($path);
$theme = $order['theme'] === 'dark' ? 'dark' : 'light';
?>
<!DOCTYPE html>
<html lang="<?= $order['locale'] === 'ro' ? 'ro' : 'en' ?>" class="<?= $theme ?>">
<head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Service</title>
    <style><?= file_get_contents(__DIR__ . '/theme.css') ?></style>
</head>
<body>
<main id="page" data-name="<?= $page->name() ?>" data-state="<?= htmlspecialchars($page->state(), ENT_QUOTES) ?>"><?=
    $page->document
?></main>
<output id="notice"></output>
<script><?= file_get_contents(__DIR__ . '/stand-in.js') ?></script>
</body>
</html>
