@if ($needed !== [])
    <section class="pvr-card" role="alert">
        <h3>{{ $words->say("needed.{$needed['kind']}") }}</h3>
        <p>{{ $words->say("needed.{$needed['kind']}_help") }}</p>
        <div class="pvr-scroll">
            <table>
                @if ($needed['kind'] === 'challenge')
                    <thead><tr><th>{{ $words->say('record.name') }}</th><th>{{ $words->say('record.type') }}</th><th>{{ $words->say('needed.text') }}</th></tr></thead>
                    <tbody>
                        <tr>
                            <td data-label="{{ $words->say('record.name') }}"><code>{{ $needed['name'] }}</code></td>
                            <td data-label="{{ $words->say('record.type') }}"><code>TXT</code></td>
                            <td data-label="{{ $words->say('needed.text') }}"><code>{{ $needed['wanted'][0] }}</code></td>
                        </tr>
                    </tbody>
                @else
                    <thead><tr><th>{{ $words->say('needed.nameserver') }}</th></tr></thead>
                    <tbody>
                        @foreach ($needed['wanted'] as $host)
                            <tr><td data-label="{{ $words->say('needed.nameserver') }}"><code>{{ $host }}</code></td></tr>
                        @endforeach
                    </tbody>
                @endif
            </table>
        </div>
        <p class="pvr-soft">
            {{ $words->say('needed.found') }}
            @forelse ($needed['found'] as $found)
                <code>{{ $found }}</code>@if (!$loop->last), @endif
            @empty
                {{ $words->say('needed.nothing') }}
            @endforelse
        </p>
        <div class="pvr-row">
            <button type="button" class="pvr-main" wire:click="create" wire:loading.attr="disabled">{{ $words->say('needed.again') }}</button>
            <button type="button" wire:click="dismiss">{{ $words->say('page.cancel') }}</button>
        </div>
    </section>
@endif
